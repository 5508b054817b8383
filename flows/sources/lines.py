"""Lines of a text file, gzip or plain, in chunks, from any line on.

Whether a file is compressed is seen from its first bytes, not from its name. Memory is bounded by a
chunk, however large the file.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from domain.errors import InputError

GZIP_MAGIC = b"\x1f\x8b"
LONGEST_LINE = 1 << 24
"""Bytes. A depth snapshot of 5,000 levels has 300 kB; a longer line means that this is no text."""


class Lines(NamedTuple):
    """Some lines, without their newlines.

    Attributes
    ----------
    first
        Number of the first of them, from 1.
    damage
        Why the file ends here before its end; empty if it does not.
    """

    first: int
    lines: list[bytes]
    damage: str = ""


def read_lines(path: Path, *, skip: int = 0, at_most: int = 65_536, block_bytes: int = 1 << 22) -> Iterator[Lines]:
    """The lines of `path` after the first `skip`, at most `at_most` at a time.

    A recorder that was killed leaves a gzip file without its end: what can be read is given, and the
    last chunk says what is wrong.

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
                raise InputError(f"input {path.name!r}: line {first + len(lines)} is no line of text; check the file")
            passed = min(skip, len(lines))
            skip -= passed
            for start in range(passed, len(lines), at_most):
                yield Lines(first + start, lines[start : start + at_most])
            first += len(lines)
            if not block:
                break
    if damage:
        yield Lines(first, [], damage)
