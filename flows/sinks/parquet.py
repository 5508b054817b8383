"""ParquetSink: what shards saw of the market as Parquet files, a folder a kind and a file a shard.

    bars/ features/ events/ gaps/ rejects/     each with 000.parquet … 023.parquet

A folder is read as one table by Polars, DuckDB, pandas and pyarrow. Within a file rows stand in the
order they were concluded. Files belong to whole runs: the caller writes into a folder that it puts in
place when the run has ended well.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from bytewax.outputs import StatefulSinkPartition

from domain.slices import Slice
from domain.vocabulary import Vocabulary
from flows.sinks import tables
from flows.sinks.parts import PartPerShard

ROWS_PER_GROUP = 32_768
"""What waits for a group is held in memory, some 900 bytes a row in each shard."""
Maker = Callable[[Slice, Vocabulary], pa.Table]
KINDS: dict[str, Maker] = {
    "bars": tables.bars,
    "features": tables.features,
    "events": tables.events,
    "gaps": tables.gaps,
    "rejects": tables.rejects,
}


def writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer that suits our columns.

    Doubles hardly repeat, so a dictionary of them, or their bounds, is work for nothing. Their bytes
    split into streams are packed to the size that zstd gives, in two thirds of its time (measured).
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
    """Give each kind of which there is nothing an empty file, so that it can be read all the same."""
    for kind, make in KINDS.items():
        if not (directory / kind).exists():
            (directory / kind).mkdir(parents=True)
            pq.write_table(make(Slice(0), vocabulary), directory / kind / "000.parquet")


class ParquetSink(PartPerShard[Slice, None]):
    """Writes Slices under `directory`, one partition a shard."""

    def __init__(self, directory: Path, vocabulary: Vocabulary) -> None:
        self._directory, self._vocabulary = directory, vocabulary

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "ParquetPartition":  # noqa: ARG002
        """A partition with new files."""
        return ParquetPartition(self._directory, for_part, self._vocabulary)


class ParquetPartition(StatefulSinkPartition[Slice, None]):
    """The files of one shard."""

    def __init__(self, directory: Path, name: str, vocabulary: Vocabulary) -> None:
        self._directory, self._name, self._vocabulary = directory, name, vocabulary
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._waiting: list[Slice] = []
        self._rows = 0

    def write_batch(self, values: list[Slice]) -> None:
        """Keep Slices until they fill a row group."""
        self._waiting += values
        self._rows += sum(each.bars.size for each in values)
        if self._rows >= ROWS_PER_GROUP:
            self._flush()

    def snapshot(self) -> None:
        """Nothing: files belong to whole runs."""

    def close(self) -> None:
        """Write what is left and end the files."""
        self._flush()
        for writer in self._writers.values():
            writer.close()

    def _flush(self) -> None:
        for kind, make in KINDS.items():
            made = [table for each in self._waiting if (table := make(each, self._vocabulary)).num_rows]
            if made:
                whole = pa.concat_tables(made)
                self._writer(kind, whole.schema).write_table(whole)
        self._waiting, self._rows = [], 0

    def _writer(self, kind: str, schema: Any) -> pq.ParquetWriter:
        if kind not in self._writers:
            path = self._directory / kind / f"{self._name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[kind] = writer(path, schema)
        return self._writers[kind]
