"""The checkout: its root directory, its files and its packages."""

import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "operators", "store", "flows", "api")


@cache
def files() -> tuple[Path, ...]:
    """All files of the checkout, tracked or new, except those that .gitignore excludes."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout, so its files cannot be listed")
    return tuple(path for name in sorted(set(output.split("\0")) - {""}) if (path := ROOT / name).is_file())


def name_of(path: Path) -> str:
    """The path relative to the root of the checkout, with slashes."""
    return path.relative_to(ROOT).as_posix()
