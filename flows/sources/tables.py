"""Tables: trades and bars (OHLCV) in Parquet, Feather and CSV files, as rows.

Which of the two a file holds is told by its columns (`flows.sources.columns`). A row that cannot be
used becomes a Reject with its number. Trades that repeat each other to the byte are all kept: without
ids they are as many trades.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from domain import clock
from domain.blocks import TRADE, Rows
from domain.errors import InputError, SettingError
from domain.frames import Frame
from domain.instruments import check_name, instrument_id
from domain.slices import BAR, Reject
from flows.sources import cells
from flows.sources.batches import Batch, open_table
from flows.sources.columns import choose
from flows.sources.inputs import RAW_BYTES, Chunk, broken_rules

EARLIEST_NS = 365 * clock.DAY
"""Nobody recorded markets in 1970; such a time is a number whose unit or origin was mistaken."""
FRAME_ROWS = 10_000
"""So many rows are looked at to find the frame of bars."""

_FRAME_IN_NAME = re.compile(r"[-_](\d+[smhd])(?=[-_.])", re.IGNORECASE)


class Table:
    """One table file as an `Input`.

    Parameters
    ----------
    path
        The file; its format is told by its first bytes.
    instrument
        The name of the instrument where the file names none; `venue:*` where its symbols lack the venue.
    mapping
        What the user said of the columns (`flows.sources.columns`).
    frame
        Of bars; else the smallest distance between two of them.

    Attributes
    ----------
    frame
        Of bars; None for trades.

    Raises
    ------
    InputError
        If the file, a column, the instrument or the frame is missing or cannot be used.
    """

    def __init__(self, path: Path, instrument: str | None, mapping: Mapping[str, str], frame: Frame | None) -> None:
        self.path = path
        self.ignored: Counter[str] = Counter()
        self._table = open_table(path, mapping)
        self.kind, self._columns = choose(self._table.names, mapping, path.name)
        self._wanted = list(dict.fromkeys(column.name for column in self._columns.values()))
        for name in self._wanted:
            if self._table.names.count(name) > 1:
                raise InputError(f"input {path.name!r} has several columns {name!r}; leave one in the file")
        self._instrument = instrument
        self._check_instrument()
        self.frame = (frame or self._find_frame()) if self.kind == "bars" else None

    def read(self, position: int, newest_ns: int, at_most: int) -> Iterator[Chunk]:
        """Chunks of at most `at_most` rows; positions are rows, in CSV lines."""
        for batch in self._batches(position, at_most):
            rows, rules = self._trades(batch) if self.kind == "trades" else self._bars(batch)
            instruments, names = self._instruments(batch)
            rows["instrument"] = instruments
            rules["symbol is missing or not the one that was given"] = instruments == 0
            refused = broken_rules(rules)
            if refused:
                rows = np.delete(rows, [at for at, _ in refused])
            if self.kind == "bars":
                ...
            rejects = [self._reject(batch, at, reason) for at, reason in refused]
            yield Chunk(rows, names, [*batch.rejects, *rejects], batch.consumed)
