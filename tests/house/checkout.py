"""The checkout as these tests see it: where it is, which files belong to it, what its rooms are called."""

import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "operators", "store", "flows", "api")


@cache
def files() -> tuple[Path, ...]:
    """Every file that is tracked, or would be: what .gitignore names is left out."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout, so there is no list of its files")
    return tuple(path for name in sorted(set(listed.split("\0")) - {""}) if (path := ROOT / name).is_file())


def name_of(path: Path) -> str:
    """The path as a person writes it: from the root of the checkout."""
    return path.relative_to(ROOT).as_posix()
