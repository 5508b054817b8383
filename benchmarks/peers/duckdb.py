"""DuckDB: bars of four frames from a table of trades in memory, on one thread."""

import time
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

COLUMNS = ("ts", "instrument", "price", "size", "side", "id")

FINEST = """
CREATE OR REPLACE TABLE bars_0 AS
SELECT ts // {length} * {length} AS open_time, instrument,
       arg_min(price, id) AS open, max(price) AS high, min(price) AS low, arg_max(price, id) AS close,
       sum(size) AS volume, sum(price * size) AS quote_volume,
       sum(CASE WHEN side > 0 THEN size ELSE 0 END) AS buy_volume,
       min(id) AS first_id, max(id) AS last_id, max(size) AS largest, count(*) AS trades
FROM trades GROUP BY ALL
"""

FOLD = """
CREATE OR REPLACE TABLE bars_{frame} AS
SELECT open_time // {length} * {length} AS open_time, instrument,
       arg_min(open, b.open_time) AS open, max(high) AS high, min(low) AS low, arg_max(close, b.open_time) AS close,
       sum(volume) AS volume, sum(quote_volume) AS quote_volume, sum(buy_volume) AS buy_volume,
       min(first_id) AS first_id, max(last_id) AS last_id, max(largest) AS largest, sum(trades) AS trades
FROM bars_0 b GROUP BY b.open_time // {length} * {length}, instrument
"""


class Resampling:
    """Trades as a table, ready to be resampled."""

    def __init__(self, rows: NDArray[Any], lengths_ns: Sequence[int]) -> None:
        self._database = duckdb.connect()
        self._database.execute("SET threads = 1")  # we compare cores
        self._database.register("given", pa.table({name: np.ascontiguousarray(rows[name]) for name in COLUMNS}))
        self._database.execute("CREATE TABLE trades AS SELECT * FROM given")
        self._database.unregister("given")
        self._lengths = lengths_ns

    def run(self) -> tuple[float, int]:
        """Seconds that it takes, and bars made."""
        began = time.perf_counter()
        made = [self._database.execute(FINEST.format(length=self._lengths[0])).fetchall()[0][0]]
        for frame, length in enumerate(self._lengths[1:], 1):
            made += self._database.execute(FOLD.format(frame=frame, length=length)).fetchall()[0]
        return time.perf_counter() - began, sum(made)

    def finest(self) -> NDArray[Any]:
        """Bars of the finest frame, by time and instrument: open, high, low, close, volume, trades."""
        self._database.execute(FINEST.format(length=self._lengths[0]))
        asked = "SELECT open, high, low, close, volume, trades FROM bars_0 ORDER BY open_time, instrument"
        return np.array(self._database.execute(asked).fetchall())
