"""ParquetSink: the results of each shard as Parquet files, one directory per kind and one file per shard.

    bars/ features/ events/ gaps/ rejects/     each with 000.parquet … 023.parquet

Polars, DuckDB, pandas and pyarrow read a directory as one table. Rows in a file are in the order of their
results. A run writes complete files and is never resumed: the caller passes a staging directory, which it
moves into place when the run has succeeded.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from bytewax.outputs import StatefulSinkPartition

from domain.slices import Slice
from domain.vocabulary import Vocabulary
from flows.sinks import slice_tables
from flows.sinks.partitions import PartitionPerShardSink

ROWS_PER_GROUP = 32_768
"""Rows are buffered in memory until they fill a row group, at about 900 bytes a row in each shard."""
Maker = Callable[[Slice, Vocabulary], pa.Table]
KINDS: dict[str, Maker] = {
    "bars": slice_tables.bars,
    "features": slice_tables.features,
    "events": slice_tables.events,
    "gaps": slice_tables.gaps,
    "rejects": slice_tables.rejects,
}


def writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Create a writer with encodings that suit these columns.

    Doubles rarely repeat, so dictionaries and statistics of them are wasted work. With byte stream split, lz4
    packs them to the size that zstd gives, in two thirds of its time (measured).
    """
    doubles = [field.name for field in schema if field.type == pa.float64()]
    others = [name for name in schema.names if name not in doubles]
    return pq.ParquetWriter(
        path,
        schema,
        compression="lz4",
        use_dictionary=others,  # type: ignore[arg-type]  # its stubs know only bool, its documentation lists too
        write_statistics=others,
        use_byte_stream_split=doubles,
    )


def complete(directory: Path, vocabulary: Vocabulary) -> None:
    """Write an empty file for each kind without rows, so that every kind can be read."""
    for kind, make in KINDS.items():
        if not (directory / kind).exists():
            (directory / kind).mkdir(parents=True)
            pq.write_table(make(Slice(0), vocabulary), directory / kind / "000.parquet")


class ParquetSink(PartitionPerShardSink[Slice, None]):
    """Writes Slices under `directory`, one partition per shard."""

    def __init__(self, directory: Path, vocabulary: Vocabulary) -> None:
        self._directory, self._vocabulary = directory, vocabulary

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "ParquetPartition":  # noqa: ARG002
        """Create the writer of new files."""
        return ParquetPartition(self._directory, for_part, self._vocabulary)


class ParquetPartition(StatefulSinkPartition[Slice, None]):
    """The writer of one shard's files."""

    def __init__(self, directory: Path, name: str, vocabulary: Vocabulary) -> None:
        self._directory, self._name, self._vocabulary = directory, name, vocabulary
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._buffer: list[Slice] = []
        self._rows = 0

    def write_batch(self, values: list[Slice]) -> None:
        """Buffer Slices until they fill a row group."""
        self._buffer += values
        self._rows += sum(each.bars.size for each in values)
        if self._rows >= ROWS_PER_GROUP:
            self._flush()

    def snapshot(self) -> None:
        """Return no state: a run writes complete files and is never resumed."""

    def close(self) -> None:
        """Write the remaining rows and close the files."""
        self._flush()
        for writer in self._writers.values():
            writer.close()

    def _flush(self) -> None:
        for kind, make in KINDS.items():
            tables = [table for each in self._buffer if (table := make(each, self._vocabulary)).num_rows]
            if tables:
                whole = pa.concat_tables(tables)
                self._writer(kind, whole.schema).write_table(whole)
        self._buffer, self._rows = [], 0

    def _writer(self, kind: str, schema: Any) -> pq.ParquetWriter:
        if kind not in self._writers:
            path = self._directory / kind / f"{self._name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[kind] = writer(path, schema)
        return self._writers[kind]
