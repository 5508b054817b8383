"""What no file may say: where packages come from, where a disk keeps them, whose wallet it is, what is undone."""

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


def faults(text: str) -> list[tuple[int, str]]:
    """The lines that say what they should not, from 1, and what it is."""
    return [
        (number, what)
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in FORBIDDEN.items()
        if pattern.search(line)
    ]


def test_no_file_says_it() -> None:
    found = []
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # recorded data
        found += [f"{name_of(path)}:{number} has {what}" for number, what in faults(text)]
    assert found == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("--index-url https://py" + "pi.org/simple", "the host of a package index"),
        ("open('/ro" + "ot/data.gz')", "a path of one machine"),
        ("wallet = '0x" + "0123456789abcdefABCD" * 2 + "'", "an address of 40 hex digits"),
        ("# TO" + "DO: later", "unfinished work"),
    ],
)
def test_planted_word_is_caught(line: str, what: str) -> None:
    assert faults(f"innocent\n{line}\n") == [(2, what)]


@pytest.mark.parametrize(
    "line", ["--hash=sha256:" + "ab" * 32, "see tests/work/of.py", "at the root/", "f317ac40c85a09eee2e631720a77b947"]
)
def test_innocent_line_passes(line: str) -> None:
    assert faults(line) == []
