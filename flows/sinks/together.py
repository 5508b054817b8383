"""TogetherSink: what all shards decided as Parquet, a folder a kind and one file in each.

signals/ outcomes/ relations/ composites/ executions/ equity/     each with all.parquet
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from bytewax.outputs import StatefulSinkPartition

from domain.aligned import Aligned
from domain.vocabulary import Vocabulary
from flows.sinks import account, decisions
from flows.sinks.parquet import ROWS_PER_GROUP, writer
from flows.sinks.parts import OnePart

KINDS: dict[str, Callable[[Aligned, Vocabulary], pa.Table]] = {
    "signals": decisions.signals,
    "outcomes": decisions.outcomes,
    "relations": decisions.relations,
    "composites": decisions.composites,
    "executions": account.executions,
    "equity": account.equity,
}
FAMILIES = {"signals": "candidates"}
"""Where in an Aligned the rows of a kind stand, if not under its own name."""
FILE = "all.parquet"


def complete(directory: Path, vocabulary: Vocabulary) -> None:
    """Write empty files where there were none."""
    if not (directory / next(iter(KINDS))).exists():
        TogetherPartition(directory, vocabulary).close()


class TogetherSink(OnePart[Aligned, None]):
    """Writes decisions under `directory`, in the order in which they were released."""

    def __init__(self, directory: Path, vocabulary: Vocabulary) -> None:
        self._directory, self._vocabulary = directory, vocabulary

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "TogetherPartition":  # noqa: ARG002
        """A partition with new files."""
        return TogetherPartition(self._directory, self._vocabulary)


class TogetherPartition(StatefulSinkPartition[Aligned, None]):
    """The files."""

    def __init__(self, directory: Path, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._writers: dict[str, Any] = {}
        self._waiting: dict[str, list[pa.Table]] = {}
        for kind, make in KINDS.items():
            (directory / kind).mkdir(parents=True)
            self._writers[kind] = writer(directory / kind / FILE, make(Aligned(0), vocabulary).schema)
            self._waiting[kind] = []

    def write_batch(self, values: list[Aligned]) -> None:
        """Keep rows until they fill a row group."""
        for kind, make in KINDS.items():
            family = FAMILIES.get(kind, kind)
            self._waiting[kind] += [make(each, self._vocabulary) for each in values if getattr(each, family).size]
            if sum(table.num_rows for table in self._waiting[kind]) >= ROWS_PER_GROUP:
                self._flush(kind)

    def snapshot(self) -> None:
        """Nothing: files belong to whole runs."""

    def close(self) -> None:
        """Write what is left and end the files."""
        for kind, made in self._writers.items():
            self._flush(kind)
            made.close()

    def _flush(self, kind: str) -> None:
        if self._waiting[kind]:
            self._writers[kind].write_table(pa.concat_tables(self._waiting[kind]))
        self._waiting[kind] = []
