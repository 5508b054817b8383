"""Tables: trades and bars (OHLCV) in Parquet, Feather and CSV files as inputs.

Which of the two a file holds is told by its columns (`flows.sources.columns`). A row that cannot be
used becomes a Reject with its number. Trades that repeat each other to the byte are all kept: without
ids they are as many trades.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from domain import clock
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
            for batch in self._table.read(self._wanted, position, at_most):
                chunk = self._chunk(batch, newest_ns)
                if self.kind == "bars" and chunk.rows.size:
                    newest_ns = int(chunk.rows["close_time"][-1])
                yield chunk

    def _chunk(self, batch: Batch, newest_ns: int) -> Chunk:
        if self.frame is None:
            rows, rules = table_rows.trades(batch.columns, self._columns)
        else:
            rows, rules = table_rows.bars(batch.columns, self._columns, self.frame)
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


@contextmanager
def _readable(source: str) -> Iterator[None]:
    """What Arrow has to say against a file, as an error of the input."""
    try:
        yield
    except (pa.ArrowException, OSError) as problem:
        raise InputError(f"input {source!r} cannot be read on: {problem}") from problem
