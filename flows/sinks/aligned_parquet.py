"""AlignedParquetSink: the results of all shards as Parquet, one directory per kind with one file.

signals/ outcomes/ relations/ composites/ executions/ equity/     each with all.parquet
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from bytewax.outputs import StatefulSinkPartition

from domain.aligned import Aligned
from domain.vocabulary import Vocabulary
from flows.sinks import account_tables, aligned_tables
from flows.sinks.parquet import ROWS_PER_GROUP, writer
from flows.sinks.partitions import SinglePartitionSink

KINDS: dict[str, Callable[[Aligned, Vocabulary], pa.Table]] = {
    "signals": aligned_tables.signals,
    "outcomes": aligned_tables.outcomes,
    "relations": aligned_tables.relations,
    "composites": aligned_tables.composites,
    "executions": account_tables.executions,
    "equity": account_tables.equity,
}
FAMILIES = {"signals": "candidates"}
"""The attribute of an Aligned that has the rows of a kind, if not of the same name."""
FILE = "all.parquet"


def complete(directory: Path, vocabulary: Vocabulary) -> None:
    """Write empty files if nothing was written."""
    if not (directory / next(iter(KINDS))).exists():
        AlignedParquetPartition(directory, vocabulary).close()


class AlignedParquetSink(SinglePartitionSink[Aligned, None]):
    """Writes the aligned results under `directory`, in the order of their release."""

    def __init__(self, directory: Path, vocabulary: Vocabulary) -> None:
        self._directory, self._vocabulary = directory, vocabulary

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "AlignedParquetPartition":  # noqa: ARG002
        """Create the writer of new files."""
        return AlignedParquetPartition(self._directory, self._vocabulary)


class AlignedParquetPartition(StatefulSinkPartition[Aligned, None]):
    """The writer of the files."""

    def __init__(self, directory: Path, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._writers: dict[str, Any] = {}
        self._buffers: dict[str, list[pa.Table]] = {}
        for kind, make in KINDS.items():
            (directory / kind).mkdir(parents=True)
            self._writers[kind] = writer(directory / kind / FILE, make(Aligned(0), vocabulary).schema)
            self._buffers[kind] = []

    def write_batch(self, values: list[Aligned]) -> None:
        """Buffer rows until they fill a row group."""
        for kind, make in KINDS.items():
            family = FAMILIES.get(kind, kind)
            self._buffers[kind] += [make(each, self._vocabulary) for each in values if getattr(each, family).size]
            if sum(table.num_rows for table in self._buffers[kind]) >= ROWS_PER_GROUP:
                self._flush(kind)

    def snapshot(self) -> None:
        """Return no state: a run writes complete files and is never resumed."""

    def close(self) -> None:
        """Write the remaining rows and close the files."""
        for kind, file in self._writers.items():
            self._flush(kind)
            file.close()

    def _flush(self, kind: str) -> None:
        if self._buffers[kind]:
            self._writers[kind].write_table(pa.concat_tables(self._buffers[kind]))
        self._buffers[kind] = []
