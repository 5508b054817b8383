"""The generated part of the README: `python -m tests.house.readme` writes it anew."""

from flows.commands.catalogue import markdown
from tests.house.checkout import ROOT

BEGIN, END = "<!-- catalogue -->\n", "<!-- /catalogue -->\n"


def current() -> str:
    """The README as it is."""
    return (ROOT / "README.md").read_text()


def renewed() -> str:
    """The README with the tables as they should be."""
    before, rest = current().split(BEGIN)
    return before + BEGIN + markdown() + rest[rest.index(END) :]


if __name__ == "__main__":
    (ROOT / "README.md").write_text(renewed())
