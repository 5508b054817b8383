"""Lines of a text file, gzip or plain, in chunks, from any line on.

Compression is detected from the first bytes, not from the name. Memory use is bounded by the chunk size,
whatever the size of the file.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from domain.errors import InputError

GZIP_MAGIC = b"\x1f\x8b"
LONGEST_LINE = 1 << 24
"""Bytes. A depth snapshot of 5,000 levels has 300 kB; a longer line means that the file is not text."""


class Lines(NamedTuple):
    """Some lines, without their newlines.

    Attributes
    ----------
    first
        Number of the first line, from 1.
    damage
        Why the file cannot be read beyond this point; empty if it can.
    """

    first: int
    lines: list[bytes]
    damage: str = ""


def read_lines(path: Path, *, skip: int = 0, at_most: int = 65_536, block_bytes: int = 1 << 22) -> Iterator[Lines]:
    """Read the lines of `path` after the first `skip`, at most `at_most` at a time.

    A recorder that was killed leaves a truncated gzip file: all readable lines are returned, and the
    last chunk has the error.

    Raises
    ------
    InputError
        If a line is longer than `LONGEST_LINE`.
    """
    first, rest, damage = 1, b"", ""
    with path.open("rb") as raw:
        compressed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        stream = gzip.GzipFile(fileobj=raw) if compressed else raw
        while True:
            try:
                block = stream.read1(block_bytes)
            except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
                block, damage = b"", f"compressed data is damaged from here: {problem}"
            lines = (rest + block).split(b"\n")
            rest = lines.pop() if block else b""
            if not block and lines[-1] == b"":
                lines.pop()
            if len(rest) > LONGEST_LINE:
                raise InputError(f"input {path.name!r}: line {first + len(lines)} is not text; check the file")
            passed = min(skip, len(lines))
            skip -= passed
            for start in range(passed, len(lines), at_most):
                yield Lines(first + start, lines[start : start + at_most])
            first += len(lines)
            if not block:
                break
    if damage:
        yield Lines(first, [], damage)
