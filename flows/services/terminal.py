"""Terminal: scrolling output lines, and on a real terminal a status line below them."""

import shutil
from contextlib import suppress
from typing import TextIO

_CLEAR = "\r\x1b[K"


class Terminal:
    """Writes to a stream, and ignores a closed one, so that it cannot prevent a clean shutdown.

    Attributes
    ----------
    live
        Whether the stream is a terminal, whose last line can be overwritten.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self.live = stream, stream.isatty()
        self._status = ""

    def print_line(self, line: str) -> None:
        """Write a line above the status line."""
        self._write(f"{_CLEAR}{line}\n{self._status}" if self.live else f"{line}\n")

    def update_status(self, line: str) -> None:
        """Replace the status line; does nothing if the stream is not a terminal."""
        if self.live:
            self._status = line[: shutil.get_terminal_size().columns - 1]
            self._write(f"{_CLEAR}{self._status}")

    def _write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()
