"""Real recorded data beside the checkout; who clones the project does not have it."""

from pathlib import Path

import pytest

DATA = Path(__file__).parents[4] / "shared" / "data"


def given(name: str) -> Path:
    """The file, or a skipped test."""
    if not DATA.is_dir():
        pytest.skip(f"recorded data is not at {DATA}")
    return DATA / name
