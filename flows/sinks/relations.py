"""RelationsSink: how instruments move with their reference, as relations/all.parquet."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from numpy.typing import NDArray

from domain.aligned import Aligned
from domain.vocabulary import Vocabulary
from flows.sinks.parquet import ROWS_PER_GROUP, writer
from flows.sinks.tables import TIME, numbers, words

RELATIONS = "relations"
FILE = "all.parquet"


def complete(directory: Path, vocabulary: Vocabulary) -> None:
    """Write an empty file where there were none."""
    if not (directory / RELATIONS).exists():
        RelationsPartition(directory / RELATIONS, vocabulary).close()


class RelationsSink(FixedPartitionedSink[Aligned, None]):
    """Writes relations under `directory`, in the order in which they were released."""

    def __init__(self, directory: Path, vocabulary: Vocabulary) -> None:
        self._directory, self._vocabulary = directory, vocabulary

    def list_parts(self) -> list[str]:
        """One: there is one order."""
        return ["all"]

    def part_fn(self, item_key: str) -> int:  # noqa: ARG002
        """The only partition."""
        return 0

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "RelationsPartition":  # noqa: ARG002
        """A partition with a new file."""
        return RelationsPartition(self._directory / RELATIONS, self._vocabulary)


class RelationsPartition(StatefulSinkPartition[Aligned, None]):
    """The file."""

    def __init__(self, directory: Path, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        directory.mkdir(parents=True)
        schema = relations(Aligned(0), vocabulary).schema
        self._writer = writer(directory / FILE, schema)
        self._waiting: list[pa.Table] = []

    def write_batch(self, values: list[Aligned]) -> None:
        """Keep rows until they fill a row group."""
        self._waiting += [relations(each, self._vocabulary) for each in values if each.relations.size]
        if sum(table.num_rows for table in self._waiting) >= ROWS_PER_GROUP:
            self._flush()

    def snapshot(self) -> None:
        """Nothing: files belong to whole runs."""

    def close(self) -> None:
        """Write what is left and end the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
        self._waiting = []


def relations(given: Aligned, vocabulary: Vocabulary) -> pa.Table:
    """A row a bar of every instrument that has a reference; null until warm."""
    rows = given.relations
    return pa.table(
        {
            "instrument": _names(given.names, rows["instrument"]),
            "frame": words(vocabulary.frames, rows["frame"]),
            "close_time": pa.array(rows["ts"], TIME),
            "correlation": numbers(rows["correlation"]),
            "beta": numbers(rows["beta"]),
            "pairs": pa.array(rows["count"]),
        }
    )


def _names(names: dict[int, str], instruments: NDArray[np.int64]) -> Any:
    """The name of each instrument, as plain text."""
    numbers_of, texts = pa.array(names.keys(), pa.int64()), pa.array(names.values(), pa.string())
    return texts.take(pc.index_in(pa.array(instruments), numbers_of))
