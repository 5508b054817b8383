"""`signalengine logs`: prints the logs of the processes of `up`."""

import argparse
import os
import sys
import time
from collections import deque
from pathlib import Path

from domain.environ import read
from domain.errors import SettingError
from flows.services.home import home_of
from flows.services.settings import ServiceSettings

HELP = "print the logs of the processes of `up`, and follow them"

_POLL_S = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A name, `-n` and `-f`."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="process, such as engine (default: all)")
    parser.add_argument(
        "-n", "--lines", type=int, default=20, metavar="N", help="number of lines of each log (default: 20)"
    )
    parser.add_argument("-f", "--follow", action="store_true", help="print new lines as they are written, until Ctrl-C")


def run(options: argparse.Namespace) -> int:
    """Print the last lines of each log, prefixed with its name if there are several."""
    if options.lines < 0:
        raise SettingError(f"option --lines={options.lines} is negative; give 0 or more")
    home = home_of(read(ServiceSettings, "services", os.environ), os.environ)
    logs = {path.stem: path for path in sorted(home.logs.glob("*.log"))}
    if options.name is not None and options.name not in logs:
        known = f"known: {', '.join(logs)}" if logs else f"no logs in {home.logs}; run 'signalengine up'"
        raise SettingError(f"log {options.name!r} does not exist; {known}")
    chosen = [_Log(name, path) for name, path in logs.items() if options.name in (None, name)]
    for log in chosen:
        log.print_last(options.lines, prefix=len(chosen) > 1)
    while options.follow:
        time.sleep(_POLL_S)
        for log in chosen:
            log.print_new(prefix=len(chosen) > 1)
    return 0


class _Log:
    """A log file, and how far it was printed."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path, self.offset = name, path, 0

    def print_last(self, count: int, *, prefix: bool) -> None:
        with self.path.open("rb") as file:
            lines = deque(file, maxlen=count)
            self.offset = file.tell()
        self._write(b"".join(lines), prefix=prefix)

    def print_new(self, *, prefix: bool) -> None:
        if self.path.stat().st_size < self.offset:  # the file was rotated
            self.offset = 0
        with self.path.open("rb") as file:
            file.seek(self.offset)
            new = file.read()
        complete = new[: new.rfind(b"\n") + 1]  # an incomplete last line is printed later
        self.offset += len(complete)
        self._write(complete, prefix=prefix)

    def _write(self, text: bytes, *, prefix: bool) -> None:
        lead = f"{self.name:10} | " if prefix else ""
        for line in text.decode(errors="replace").splitlines():
            sys.stdout.write(f"{lead}{line}\n")
        sys.stdout.flush()
