"""A record does not keep its array alive: one of a temporary array points to freed memory."""

import re
from pathlib import Path

import operators.kernels

TEMPORARY = re.compile(r"np\.(zeros|empty|ones|full)\([^\n]*\)\[[^\n]*\]")


def test_no_kernel_takes_a_record_of_a_temporary_array() -> None:
    found = [
        f"{path.name}:{number}"
        for path in sorted(Path(operators.kernels.__path__[0]).glob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if TEMPORARY.search(line)
    ]
    assert found == [], "bind the array to a name that lives as long as its record"


def test_planted_temporary_is_caught() -> None:
    assert TEMPORARY.search("    row = np.zeros(1, EVIDENCE)[0]")
    assert not TEMPORARY.search("    row = scratch[0]")
