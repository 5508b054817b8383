"""Rotation: bound the size of every log file.

The processes hold their log open in append mode, so it is copied and truncated, not renamed: they continue
to write at the new end. A line written between the copy and the truncation is lost, which is acceptable.
"""

import shutil
from contextlib import suppress
from pathlib import Path


def rotate(directory: Path, *, size_max: int) -> None:
    """Copy each log larger than `size_max` bytes over `<name>.log.1`, and truncate it."""
    for log in directory.glob("*.log"):
        if log.stat().st_size > size_max:
            with suppress(OSError):  # a full disk has no room for the copy; truncating is then more urgent
                shutil.copyfile(log, log.with_name(f"{log.name}.1"))
            with log.open("r+b") as file:
                file.truncate(0)
