"""Where recorded data lies, and the skip where it does not."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "shared" / "data"


def recording(name: str) -> Path:
    """The path of a recording; skips the test where the folder of recordings is not at hand."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"recording {name} is not here: recorded data is not part of the project")
    return path
