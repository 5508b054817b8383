"""Rotation: no log grows without end.

The processes hold their log open in append mode, so it is copied away and cut, not renamed: they write
on at the new end. A line that falls between the copy and the cut is lost, which a log may.
"""

import shutil
from contextlib import suppress
from pathlib import Path


def rotate(directory: Path, *, size_max: int) -> None:
    """Move what has grown past `size_max` bytes to `<name>.log.1`, over what was there."""
    for log in directory.glob("*.log"):
        if log.stat().st_size > size_max:
            with suppress(OSError):  # on a full disk there is no room for a copy, and all the more need to cut
                shutil.copyfile(log, log.with_name(f"{log.name}.1"))
            with log.open("r+b") as file:
                file.truncate(0)
