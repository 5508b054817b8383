"""The generated tables of the README; `python -m tests.house.readme` updates them."""

import msgspec

from api.operations import OPERATIONS
from api.rest.command import Command
from api.rest.operation import Operation
from api.rest.pagination import PageParameters
from flows.commands.catalogue import markdown
from tests.house.checkout import ROOT

PAGE_PARAMETERS = {field.name for field in msgspec.structs.fields(PageParameters)}


def current() -> str:
    """The README as it is on disk."""
    return (ROOT / "README.md").read_text()


def updated() -> str:
    """The README with all tables generated from the code."""
    return _replace_table(_replace_table(current(), "catalogue", markdown()), "operations", operations())


def operations() -> str:
    """The table of REST operations: method and path, description and parameters."""
    rows = [f"| `{_method_and_path(each)}` | {_summary(each)} | {_parameters(each)} |" for each in OPERATIONS]
    return "\n".join(["| operation | description | parameters |", "|---|---|---|", *rows, ""])


def _method_and_path(operation: Operation) -> str:
    return f"{operation.method.upper()} {operation.path.replace(':path}', '}')}"


def _summary(operation: Operation) -> str:
    return operation.description.partition("\n")[0].removesuffix(".").replace("|", "\\|")


def _parameters(operation: Operation) -> str:
    record = operation.body if isinstance(operation, Command) else operation.parameters
    names = [field.name for field in msgspec.structs.fields(record) if field.name not in operation.path_names]
    chosen = " ".join(name for name in names if not (set(names) >= PAGE_PARAMETERS and name in PAGE_PARAMETERS))
    return ", ".join(([f"`{chosen}`"] if chosen else []) + (["paging"] if set(names) >= PAGE_PARAMETERS else []))


def _replace_table(page: str, name: str, table: str) -> str:
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    before, rest = page.split(begin)
    return before + begin + table + rest[rest.index(end) :]


if __name__ == "__main__":
    (ROOT / "README.md").write_text(updated())
