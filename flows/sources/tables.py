"""Tables: trades and bars (OHLCV) in Parquet, Feather and CSV files as inputs.

The columns decide which of the two a file holds (`flows.sources.columns`). An invalid row becomes a Reject with
its number: a price or size that is not a positive finite number, an inconsistent bar, a time before 1971, in
2100 or later, or more than a day ahead of its neighbours. The last check protects the other rows: a file has no
receive times, and a single timestamp of next year would make all later rows late. Identical trades are all kept:
without ids they are separate trades.
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
"""Number of rows read to infer the frame of bars."""

ON_GRID = 0.99
"""Minimum share of times that must be multiples of the length of the bars; the others count as errors."""
DISTANCES = 100
"""Number of distances between bars that are tried, the most frequent first."""

NO_NEXT = np.iinfo(np.int64).max
"""The time of the row after the last."""

_FRAME_IN_NAME = re.compile(r"[-_]([1-9]\d{0,4}[smhd])(?=[-_.])", re.IGNORECASE)


class Table:
    """One table file as an `Input`.

    Parameters
    ----------
    path
        The file; its format is detected from its first bytes.
    instrument
        As for `flows.sources.naming.Naming`.
    mapping
        The user's column mapping (`flows.sources.columns`).
    frame
        Length of the bars. By default that in the name of the file (`BTC_USDT-5m.feather`), if the times
        agree; else the largest distance between two times of which (nearly) all times are multiples.

    Attributes
    ----------
    frame
        Frame of bars; None for trades.

    Raises
    ------
    InputError
        If the file, a column, the instrument or the frame is missing or invalid.
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
        self._time = "ts" if self.frame is None else "close_time"

    def read(self, position: int, newest_ns: int, at_most: int) -> Iterator[Chunk]:
        """Read chunks of at most `at_most` rows; positions are rows (in CSV: lines)."""
        with _readable(self.path.name):
            batches = self._table.read(self._wanted, position, at_most)
            for parsed, next_ns in self._with_next(map(self._parse, batches)):
                chunk = self._chunk(parsed, newest_ns, next_ns)
                if chunk.rows.size:
                    newest_ns = max(newest_ns, int(chunk.rows[self._time].max()))
                yield chunk

    def _parse(self, batch: Batch) -> "_Parsed":
        if self.frame is None:
            return _Parsed(batch, *table_rows.trades(batch.columns, self._columns))
        return _Parsed(batch, *table_rows.bars(batch.columns, self._columns, self.frame))

    def _with_next(self, parsed: Iterable["_Parsed"]) -> Iterator[tuple["_Parsed", int]]:
        """Each batch with the next plausible time after it, which may be several batches later."""
        waiting: list[_Parsed] = []
        for each in parsed:
            times = each.rows[self._time]
            plausible = times[table_rows.usable(times)]
            if plausible.size:
                yield from ((before, int(plausible[0])) for before in waiting)
                waiting = []
            waiting.append(each)
        yield from ((before, NO_NEXT) for before in waiting)

    def _chunk(self, parsed: "_Parsed", newest_ns: int, next_ns: int) -> Chunk:
        batch, rows, rules = parsed
        rows["instrument"] = self._only or self._naming.each(batch.columns.column(self._columns["symbol"].name))
        rules["symbol is missing or is not the one given"] = rows["instrument"] == UNNAMED
        invalid = broken_rules(rules)
        good = np.delete(np.arange(rows.size), [at for at, _ in invalid])
        if ahead := table_rows.far_ahead(rows[self._time], good, newest_ns, next_ns):
            invalid += [(at, "time is more than a day ahead of the rows around it") for at in ahead]
            good = np.setdiff1d(good, ahead)
        if self.kind == "bars":
            # Times of bars must not decrease; trades are often slightly out of order.
            closes = rows["close_time"][good]
            in_order = closes >= np.maximum.accumulate(np.concatenate([[newest_ns], closes]))[:-1]
            invalid += [(at, "time is before that of a row above") for at in good[~in_order].tolist()]
            good = good[in_order]
        rejects = [
            Reject(self.path.name, int(batch.numbers[at]), reason, batch.raw(at)[:RAW_BYTES])
            for at, reason in sorted(invalid)
        ]
        valid = rows.take(good) if invalid else rows
        return Chunk(valid, self._naming.names, batch.rejects + rejects, batch.consumed)

    def _find_frame(self) -> Frame:
        seen: list[int] = []
        with _readable(self.path.name):
            for batch in self._table.read(self._wanted, 0, FRAME_ROWS):
                seen += table_rows.times_of(batch.columns, self._columns).tolist()
                if len(seen) >= FRAME_ROWS:
                    break
        length_ns = _grid(np.array(seen[:FRAME_ROWS], np.int64))
        named = _FRAME_IN_NAME.search(self.path.name)
        if named and length_ns % (frame := Frame.parse(named[1])).length_ns == 0:
            return frame
        if length_ns < clock.SECOND or length_ns % clock.SECOND:
            raise InputError(
                f"input {self.path.name!r}: the length of its bars cannot be inferred from their times; "
                f"add --frame, such as --frame 5m"
            )
        return Frame.parse(
            f"{length_ns // clock.SECOND}s" if length_ns % clock.MINUTE else f"{length_ns // clock.MINUTE}m"
        )


class _Parsed(NamedTuple):
    """A batch, its rows, and the rules that mark invalid ones."""

    batch: Batch
    rows: Rows
    rules: table_rows.Rules


def _grid(times: NDArray[np.int64]) -> int:
    """The length of bars that open at these times, of which a few may be wrong; 0 if there are too few."""
    distances, counts = np.unique(np.diff(np.unique(times)), return_counts=True)
    frequent = distances[np.argsort(-counts, kind="stable")[:DISTANCES]].tolist()
    fitting = [distance for distance in frequent if np.mean(times % distance == 0) >= ON_GRID]
    return int(max(fitting, default=min(distances.tolist(), default=0)))


@contextmanager
def _readable(source: str) -> Iterator[None]:
    """Raise errors of Arrow as an `InputError`."""
    try:
        yield
    except (pa.ArrowException, OSError) as problem:
        raise InputError(f"input {source!r} cannot be read further: {problem}") from problem
