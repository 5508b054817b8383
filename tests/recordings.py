"""Paths of recorded data; tests that need missing data are skipped."""

from pathlib import Path

import pytest

DIRECTORY = Path(__file__).parents[2] / "shared" / "data"


def recording(name: str) -> Path:
    """The path of a recording; skips the test if it does not exist."""
    path = DIRECTORY / name
    if not path.exists():
        pytest.skip(f"recording {name} not found: recorded data is not part of the project")
    return path
