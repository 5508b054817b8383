"""Write tables for a test, and read them back."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet
from hypothesis import strategies as st

from domain.blocks import TRADE
from domain.frames import Frame
from domain.slices import BAR, Reject
from flows.sources.tables import Table

NAME = "binance:BTCUSDT"
START = 1_723_161_240_000_000_000  # 2024-08-08T23:54:00Z
MINUTE = 60_000_000_000
FORMATS = ("parquet", "feather", "arrows", "csv", "csv.gz")


def write(table: pa.Table, path: Path, *, rows: int = 3) -> Path:
    """`table` in the format that the path ends in, in groups of `rows`."""
    match path.name.partition(".")[2]:
        case "parquet":
            pa.parquet.write_table(table, path, row_group_size=rows)
        case "feather":
            pa.feather.write_feather(table, path, chunksize=rows)
        case "arrows":
            with pa.ipc.new_stream(path, table.schema) as stream:
                stream.write_table(table, max_chunksize=rows)
        case _:
            sink = pa.BufferOutputStream()
            pa.csv.write_csv(table, sink)
            content = sink.getvalue().to_pybytes()
            path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def text(content: str, path: Path) -> Path:
    path.write_text(content)
    return path


def opened(path: Path, instrument: str | None = NAME, frame: Frame | None = None, **mapping: str) -> Table:
    return Table(path, instrument=instrument, mapping=mapping, frame=frame)


def read(table: Table, position: int = 0, newest_ns: int = 0, at_most: int = 1_000) -> tuple[Any, list[Reject]]:
    chunks = list(table.read(position, newest_ns, at_most))
    rows = np.concatenate([np.empty(0, TRADE if table.kind == "trades" else BAR), *(chunk.rows for chunk in chunks)])
    return rows, [reject for chunk in chunks for reject in chunk.rejects]


positive = st.floats(1e-8, 1e8)
trades = st.lists(
    st.tuples(st.integers(0, 10**12), positive, positive, st.integers(0, 10**15), st.sampled_from([1, -1])),
    min_size=1,
    max_size=12,
)
