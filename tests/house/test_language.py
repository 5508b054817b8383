"""Forbidden text: hosts of package indexes, paths of one machine, wallet addresses, marks of unfinished work."""

import re

import pytest

from tests.house.checkout import files, name_of

FORBIDDEN = {
    "the host of a package index": re.compile(
        r"\b(pypi[.]org|(files[.])?pythonhosted[.]org|registry[.]npmjs|(conda|repo)[.]anaconda)"
    ),
    "a path of one machine": re.compile(r"(?<![\w.}])/(root|work|farm)/|/home/[a-z]+/|/Users/[a-z]+/"),
    "an address of 40 hex digits": re.compile(r"(?<![0-9a-f])(0x)?[0-9a-f]{40}(?![0-9a-f])", re.IGNORECASE),
    "unfinished work": re.compile(r"\b(TO(?:DO)|FIX(?:ME))\b"),
}


def violations(text: str) -> list[tuple[int, str]]:
    """Line number, from 1, and description of each forbidden text."""
    return [
        (number, description)
        for number, line in enumerate(text.splitlines(), 1)
        for description, pattern in FORBIDDEN.items()
        if pattern.search(line)
    ]


def test_no_file_has_forbidden_text() -> None:
    found = []
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # recorded data
        found += [f"{name_of(path)}:{number} has {description}" for number, description in violations(text)]
    assert found == []


@pytest.mark.parametrize(
    ("line", "description"),
    [
        ("--index-url https://py" + "pi.org/simple", "the host of a package index"),
        ("open('/ro" + "ot/data.gz')", "a path of one machine"),
        ("wallet = '0x" + "0123456789abcdefABCD" * 2 + "'", "an address of 40 hex digits"),
        ("# TO" + "DO: later", "unfinished work"),
    ],
)
def test_forbidden_text_is_found(line: str, description: str) -> None:
    assert violations(f"allowed\n{line}\n") == [(2, description)]


@pytest.mark.parametrize(
    "line", ["--hash=sha256:" + "ab" * 32, "see tests/work/of.py", "at the root/", "f317ac40c85a09eee2e631720a77b947"]
)
def test_similar_text_is_allowed(line: str) -> None:
    assert violations(line) == []
