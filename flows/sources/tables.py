"""Tables: trades and bars (OHLCV) in Parquet, Feather and CSV files as inputs.

Which of the two a file holds is told by its columns (`flows.sources.columns`). A row that cannot be
used becomes a Reject with its number: a price or size that is no positive finite number, a bar that
contradicts itself, a time before 1971, in 2100 or later, or more than a day ahead of the row after it.
The last protects the rest: a file has no receive times, and one stamp of next year would make all that
follows late. Trades that repeat each other to the byte are all kept: without ids they are as many
trades.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from domain import clock
from domain.blocks import Rows
from domain.errors import InputError
from domain.frames import Frame
from domain.slices import Reject
from flows.sources import table_rows
from flows.sources.batches import Batch, open_table
from flows.sources.columns import choose
from flows.sources.inputs import RAW_BYTES, Chunk, broken_rules
from flows.sources.naming import UNNAMED, Naming

FRAME_ROWS = 10_000
"""So many rows are looked at to find the frame of bars."""

AHEAD_NS = clock.DAY
"""A row so far ahead of the next is a mistaken stamp. No recorder shuffles its rows so much."""
NO_NEXT = np.iinfo(np.int64).max
"""The time of the row after the last."""

_FRAME_IN_NAME = re.compile(r"[-_]([1-9]\d{0,4}[smhd])(?=[-_.])", re.IGNORECASE)


class Table:
    """One table file as an `Input`.

    Parameters
    ----------
    path
        The file; its format is told by its first bytes.
    instrument
        As for `flows.sources.naming.Naming`.
    mapping
        What the user said of the columns (`flows.sources.columns`).
    frame
        Length of the bars. By default what the name of the file says (`BTC_USDT-5m.feather`), if the
        times agree; else the smallest distance between two of them.

    Attributes
    ----------
    frame
        Of bars; None for trades.

    Raises
    ------
    InputError
        If the file, a column, the instrument or the frame is missing or cannot be used.
    """

    def __init__(self, path: Path, *, instrument: str | None, mapping: Mapping[str, str], frame: Frame | None) -> None:
        self.path = path
        self.ignored: Counter[str] = Counter()
        self.streams: dict[str, str] = {}
        self._table = open_table(path, mapping)
        self.kind, self._columns = choose(self._table.names, mapping, path.name)
        self._wanted = list(dict.fromkeys(column.name for column in self._columns.values()))
        self._naming = Naming(instrument, path.name)
        self._only = UNNAMED if "symbol" in self._columns else self._naming.only()
        self.frame = (frame or self._find_frame()) if self.kind == "bars" else None

    def read(self, position: int, newest_ns: int, at_most: int) -> Iterator[Chunk]:
        """Chunks of at most `at_most` rows; positions are rows, in CSV lines."""
        with _readable(self.path.name):
            for read in _with_next(map(self._parse, self._table.read(self._wanted, position, at_most))):
                chunk = self._chunk(read, newest_ns)
                if self.kind == "bars" and chunk.rows.size:
                    newest_ns = int(chunk.rows["close_time"][-1])
                yield chunk

    def _parse(self, batch: Batch) -> "_Parsed":
        if self.frame is None:
            rows, rules = table_rows.trades(batch.columns, self._columns)
            return _Parsed(batch, rows, rules, rows["ts"])
        rows, rules = table_rows.bars(batch.columns, self._columns, self.frame)
        return _Parsed(batch, rows, rules, rows["open_time"])

    def _chunk(self, parsed: "_Parsed", newest_ns: int) -> Chunk:
        batch, rows, rules, _ = parsed
        rows["instrument"] = self._only or self._naming.each(batch.columns.column(self._columns["symbol"].name))
        rules["symbol is missing or is not the one given"] = rows["instrument"] == UNNAMED
        refused = broken_rules(rules)
        good = np.delete(np.arange(rows.size), [at for at, _ in refused])
        if self.kind == "bars":
            # Time in a file of bars only moves on; among trades a little disorder is usual.
            closes = rows["close_time"][good]
            in_order = closes >= np.maximum.accumulate(np.concatenate([[newest_ns], closes]))[:-1]
            refused += [(at, "time is before that of a row above") for at in good[~in_order].tolist()]
            good = good[in_order]
        rejects = [
            Reject(self.path.name, int(batch.numbers[at]), reason, batch.raw(at)[:RAW_BYTES])
            for at, reason in sorted(refused)
        ]
        kept = rows.take(good) if refused else rows
        return Chunk(kept, self._naming.names, batch.rejects + rejects, batch.consumed)

    def _find_frame(self) -> Frame:
        seen: list[int] = []
        with _readable(self.path.name):
            for batch in self._table.read(self._wanted, 0, FRAME_ROWS):
                seen += table_rows.times_of(batch.columns, self._columns).tolist()
                if len(seen) >= FRAME_ROWS:
                    break
        distances = np.diff(np.unique(seen[:FRAME_ROWS]))
        smallest_ns = int(distances.min()) if distances.size else 0
        named = _FRAME_IN_NAME.search(self.path.name)
        if named and smallest_ns % (frame := Frame.parse(named[1])).length_ns == 0:
            return frame
        if smallest_ns < clock.SECOND or smallest_ns % clock.SECOND:
            raise InputError(
                f"input {self.path.name!r}: the length of its bars cannot be told from their times; "
                f"give it: --frame, such as --frame 5m"
            )
        return Frame.parse(
            f"{smallest_ns // clock.SECOND}s" if smallest_ns % clock.MINUTE else f"{smallest_ns // clock.MINUTE}m"
        )


class _Parsed(NamedTuple):
    """A batch, its rows, what is wrong with which of them, and their times."""

    batch: Batch
    rows: Rows
    rules: table_rows.Rules
    times: NDArray[np.int64]


def _with_next(parsed: Iterable[_Parsed]) -> Iterator[_Parsed]:
    """The same, with a rule for stamps far ahead of the next, which may stand in a later batch."""
    waiting: list[_Parsed] = []
    for each in parsed:
        told = each.times[table_rows.usable(each.times)]
        if told.size:
            yield from (_check_ahead(before, int(told[0])) for before in waiting)
            waiting = []
        waiting.append(each)
    yield from (_check_ahead(before, NO_NEXT) for before in waiting)


def _check_ahead(parsed: _Parsed, next_ns: int) -> _Parsed:
    told = np.flatnonzero(table_rows.usable(parsed.times))
    ahead = np.zeros(parsed.times.size, np.bool_)
    ahead[told] = parsed.times[told] - AHEAD_NS > np.append(parsed.times[told[1:]], next_ns)[: told.size]
    return parsed._replace(rules={**parsed.rules, "time is more than a day ahead of the next row": ahead})


@contextmanager
def _readable(source: str) -> Iterator[None]:
    """What Arrow has to say against a file, as an error of the input."""
    try:
        yield
    except (pa.ArrowException, OSError) as problem:
        raise InputError(f"input {source!r} cannot be read on: {problem}") from problem
