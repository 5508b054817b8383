"""Files are short, begin with a docstring that states their purpose, and have meaningful names."""

import ast

from tests.house.checkout import files, name_of

LINES_MAX = 300
LONGER: dict[str, str] = {}
"""Files that may be longer, each with the reason."""
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "core", "base"}


def test_no_file_is_too_long() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in files() if path.suffix == ".py"}
    long = {name for name, lines in lengths.items() if lines > LINES_MAX}
    assert sorted(long - LONGER.keys()) == [], f"over {LINES_MAX} lines: split it by idea"
    assert sorted(LONGER.keys() - long) == [], "short enough again: remove it from LONGER"


def test_every_file_has_a_docstring() -> None:
    """Except tests, which are named after what they test."""
    code = [path for path in files() if path.suffix == ".py" and not name_of(path).startswith("tests/")]
    assert [name_of(path) for path in code if not ast.get_docstring(ast.parse(path.read_text(), name_of(path)))] == []


def test_no_file_has_a_vague_name() -> None:
    assert [name_of(path) for path in files() if path.suffix == ".py" and path.stem in VAGUE_NAMES] == []
