"""Ledger: every backtest ever run, in an append-only file that detects changed and removed lines.

The best of a hundred tried settings looks good by luck alone. Each run appends a line, whatever its result, and
the verdict counts all lines about the same data. A line holds the hash of the previous line; a small head file
next to the ledger holds the number and the hash of the last one. So a changed or removed line is detected, and
nothing is called significant without the complete count.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from domain.errors import SettingError


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """The record of one backtest.

    Attributes
    ----------
    at
        Time of the run, RFC 3339.
    name
        Name given by the user.
    files
        Hash of the content of each input file.
    config
        Hash of all that affects the results, including the code.
    first_day
        Day of the first of `returns`, in days since 1970.
    returns
        Net return of each evaluated UTC day.
    sharpe
        Daily Sharpe ratio of `returns`; None if undefined.
    """

    at: str
    name: str
    files: tuple[str, ...]
    config: str
    first_day: int
    returns: tuple[float, ...]
    sharpe: float | None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt as a link of the hash chain; `hash` is that of the line without this field."""

    number: int
    previous: str
    attempt: Attempt
    hash: str = ""

    def sealed(self) -> "Line":
        """The same line with its hash."""
        bare = msgspec.json.encode(msgspec.structs.replace(self, hash=""))
        return msgspec.structs.replace(self, hash=hashlib.sha256(bare).hexdigest())


class Head(msgspec.Struct, frozen=True):
    """Number and hash of the last line."""

    number: int = 0
    hash: str = ""


class LedgerContents(msgspec.Struct, frozen=True):
    """All readable lines of a ledger, the newest last, and the faults that were detected."""

    lines: tuple[Line, ...]
    faults: tuple[str, ...]

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All attempts, the newest last."""
        return tuple(line.attempt for line in self.lines)

    def on(self, files: tuple[str, ...], others: tuple[Attempt, ...] = ()) -> list[Attempt]:
        """The distinct attempts on data that shares a file with these.

        Two runs are the same attempt if they have the same files and settings, or the same returns. `others` are
        attempts of other ledgers that count as well.
        """
        mine = set(files)
        kept: dict[tuple[tuple[str, ...], str], Attempt] = {}
        seen: dict[tuple[int, tuple[float, ...]], tuple[tuple[str, ...], str]] = {}
        for each in (*others, *self.attempts):
            if mine.isdisjoint(each.files):
                continue
            key = each.files, each.config
            first = seen.setdefault((each.first_day, each.returns), key) if each.sharpe is not None else key
            if first == key:
                kept[key] = each
        return list(kept.values())


class Ledger:
    """The ledger in a file.

    Parameters
    ----------
    path
        Created when the first attempt is recorded.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def _head_path(self) -> Path:
        return self.path.with_name(self.path.name + ".head")

    def check(self) -> None:
        """Check that it can be read and written, before the time for a backtest is spent.

        Raises
        ------
        SettingError
            If it cannot be.
        """
        with self._locked():
            self._read()

    def record(self, attempt: Attempt) -> LedgerContents:
        """Append an attempt and return the new contents. A file lock serialises concurrent backtests."""
        with self._locked() as file:
            lines, faults, whole = self._read()
            last, head = lines[-1] if lines else None, self._head()
            number = max(head.number, last.number if last else 0)
            previous = last.hash if last and last.number == number else head.hash
            line = Line(number=number + 1, previous=previous, attempt=attempt).sealed()
            os.ftruncate(file, whole)
            os.lseek(file, 0, os.SEEK_END)
            os.write(file, msgspec.json.encode(line) + b"\n")
            os.fsync(file)
            self._write_head(Head(line.number, line.hash))
        return LedgerContents((*lines, line), faults)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.path.exists() and not self.path.is_file():
                raise SettingError(f"ledger of trials {str(self.path)!r} is not a file; name one with --trials")
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as problem:
            raise self._error(problem) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def _read(self) -> tuple[list[Line], tuple[str, ...], int]:
        """The lines, their faults, and the number of bytes before a line that a crash truncated."""
        try:
            content = self.path.read_bytes()
        except OSError as problem:
            raise self._error(problem) from None
        whole = content.rfind(b"\n") + 1
        lines: list[Line] = []
        faults: list[str] = []
        number, previous = 0, ""
        for place, text in enumerate(content[:whole].splitlines(), 1):
            try:
                line = msgspec.json.decode(text, type=Line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                faults.append(f"line {place} cannot be read")
                continue
            missing = line.number - number - 1
            if missing > 0:
                faults.append(f"{missing} {'line is' if missing == 1 else 'lines are'} missing before line {place}")
            elif line.previous != previous or missing < 0:
                faults.append(f"line {place} does not follow the one before it")
            if line.sealed() != line:
                faults.append(f"line {place} was changed")
            number, previous = line.number, line.hash
            lines.append(line)
        return lines, (*faults, *self._behind(lines, number)), whole

    def _behind(self, lines: list[Line], last: int) -> list[str]:
        """Faults at the end of the ledger; after a crash the head file may be one line behind."""
        head = self._head()
        if head.number > last:
            missing = head.number - last
            return [f"{missing} {'line is' if missing == 1 else 'lines are'} missing at its end"]
        known = {line.number: line.hash for line in lines}
        if last - head.number > 1 or (head.number and known.get(head.number) != head.hash):
            return ["its end is not the one that was written last"]
        return []

    def _head(self) -> Head:
        try:
            return msgspec.json.decode(self._head_path.read_bytes(), type=Head)
        except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
            return Head()
        except OSError as problem:
            raise self._error(problem) from None

    def _write_head(self, head: Head) -> None:
        draft = self._head_path.with_name(self._head_path.name + ".new")
        draft.write_bytes(msgspec.json.encode(head))
        draft.replace(self._head_path)

    def _error(self, problem: OSError) -> SettingError:
        return SettingError(
            f"ledger of trials {str(self.path)!r} cannot be used: {problem.strerror}; fix that, or name another "
            f"with --trials"
        )
