"""Terminal: lines for people, and on a real terminal one more below them that is always current."""

import shutil
from contextlib import suppress
from typing import TextIO

_CLEAR = "\r\x1b[K"


class Terminal:
    """Writes to a stream; if that was closed, to nobody, since it must not keep us from stopping.

    Attributes
    ----------
    live
        Whether the stream is a terminal, whose last line can be written again.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self.live = stream, stream.isatty()
        self._current = ""

    def say(self, line: str) -> None:
        """Write a line that stays."""
        self._write(f"{_CLEAR}{line}\n{self._current}" if self.live else f"{line}\n")

    def show(self, line: str) -> None:
        """Write the current line anew; nothing where there is no terminal."""
        if self.live:
            self._current = line[: shutil.get_terminal_size().columns - 1]
            self._write(f"{_CLEAR}{self._current}")

    def _write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()
