"""The figures of the README: `python -m benchmarks.readme` writes them from the latest results.

Each benchmark has a table there; its `TABLE` declares the columns and the first cells. A benchmark without results on
this machine keeps its figures in the README; one that was never run shows none.
"""

import json
import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import benchmarks
from benchmarks.report import RESULTS, Table, cell

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- benchmarks -->\n", "<!-- /benchmarks -->\n"
UNMEASURED = "not measured yet"


def tables() -> dict[str, Table]:
    """The tables of all benchmarks, by name: a benchmark is a file here that declares a `TABLE`."""
    files = (found.name for found in iter_modules(benchmarks.__path__) if found.name != "__main__")
    modules = (import_module(f"benchmarks.{name}") for name in files)
    declared = (getattr(module, "TABLE", None) for module in modules)
    return {table.name: table for table in declared if isinstance(table, Table)}


def sections(readme: str) -> dict[str, str]:
    """The text of each benchmark in a README, by its name."""
    _, _, rest = readme.partition(BEGIN)
    found = re.split(r"^<!-- benchmark (\w+) -->\n", rest.partition(END)[0], flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def shape(section: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Title, columns and first cells of a section."""
    titles = re.findall(r"^\*\*(.*)\*\*$", section, re.MULTILINE)
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    cells = [tuple(text.strip() for text in line) for line in lines]
    heads, _, *rows = cells or [(), ()]
    return "".join(titles), heads, tuple(row[0] for row in rows)


def fits(section: str, table: Table) -> bool:
    """Whether a section has the shape that the benchmark declares today."""
    return shape(section) == (table.title, table.columns, table.rows)


def renewed(readme: str) -> str:
    """The README with the figures of the newest results."""
    before, rest = readme.split(BEGIN)
    old = sections(readme)
    made = (f"<!-- benchmark {name} -->\n{_section(table, old.get(name, ''))}" for name, table in tables().items())
    return before + BEGIN + "".join(made) + rest[rest.index(END) :]


def _section(table: Table, old: str) -> str:
    path = RESULTS / f"{table.name}.json"
    result = json.loads(path.read_text()) if path.is_file() else None
    if result and (result["title"], tuple(result["columns"]), tuple(row[0] for row in result["rows"])) == (
        table.title,
        table.columns,
        table.rows,
    ):
        where = f"{result['measured_at'][:10]}, Python {result['python']} on {result['machine']}"
        return _written(table, [[cell(value) for value in row] for row in result["rows"]], [*result["notes"], where])
    if fits(old, table):
        return old
    return _written(table, [[row, *[""] * (len(table.columns) - 1)] for row in table.rows], [UNMEASURED])


def _written(table: Table, rows: list[list[str]], notes: list[str]) -> str:
    lines = [list(table.columns), ["---", *["---:"] * (len(table.columns) - 1)], *rows]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"**{table.title}**\n\n{body}\n\n{'; '.join(notes)}.\n\n"


if __name__ == "__main__":
    README.write_text(renewed(README.read_text()))
