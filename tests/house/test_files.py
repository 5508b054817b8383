"""Files stay small enough to read in one go, and say at the top what they are for."""

import ast

from tests.house.checkout import files, name_of

LINES = 300
LONGER: dict[str, str] = {}
"""Files that may be longer, each with the reason why it is still one idea."""
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "core", "base"}


def test_no_file_is_longer_than_one_idea() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in files() if path.suffix == ".py"}
    long = {name for name, lines in lengths.items() if lines > LINES}
    assert sorted(long - LONGER.keys()) == [], f"over {LINES} lines: which second idea moved in?"
    assert sorted(LONGER.keys() - long) == [], "no longer long: take it off the list"


def test_every_file_says_what_it_is_for() -> None:
    """But for tests, which are named after what they test."""
    code = [path for path in files() if path.suffix == ".py" and not name_of(path).startswith("tests/")]
    assert [name_of(path) for path in code if not ast.get_docstring(ast.parse(path.read_text(), name_of(path)))] == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [name_of(path) for path in files() if path.suffix == ".py" and path.stem in EMPTY_NAMES] == []
