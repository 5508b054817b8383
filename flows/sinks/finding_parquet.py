"""Finding Parquet sinks: whales, wallets and opportunities as Parquet, one directory per kind with one file.

whale_trades/ wallets/ opportunities/     each with all.parquet

A run writes complete files and is never resumed, as in `flows.sinks.parquet`.
"""

from pathlib import Path

import pyarrow.parquet as pq
from bytewax.outputs import StatefulSinkPartition

from domain.findings import Findings
from domain.opportunities import Opportunity
from domain.whale_trades import Wallet, WhaleTrade
from domain.whales import WhaleFindings
from flows import whale_records
from flows.sinks import finding_tables
from flows.sinks.aligned_parquet import FILE
from flows.sinks.parquet import writer
from flows.sinks.partitions import SinglePartitionSink

ROWS_PER_GROUP = 4_096
KINDS = {
    "whale_trades": finding_tables.whale_trades([]).schema,
    "wallets": finding_tables.wallets([]).schema,
    "opportunities": finding_tables.opportunities([]).schema,
}


def complete(directory: Path) -> None:
    """Write an empty file for each kind without rows, so that every kind can be read."""
    for kind, schema in KINDS.items():
        if not (directory / kind).exists():
            (directory / kind).mkdir(parents=True)
            pq.write_table(schema.empty_table(), directory / kind / FILE)


class WhaleParquetSink(SinglePartitionSink[WhaleFindings, None]):
    """Writes graded whale findings under `directory`, and their wallets when it is closed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "WhaleParquetPartition":  # noqa: ARG002
        """Create the writer of new files."""
        return WhaleParquetPartition(self._directory)


class WhaleParquetPartition(StatefulSinkPartition[WhaleFindings, None]):
    """The writer of both files."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._writer = _open_writer(directory, "whale_trades")
        self._buffer: list[WhaleTrade] = []
        self._wallets: dict[str, Wallet] = {}

    def write_batch(self, values: list[WhaleFindings]) -> None:
        """Buffer rows until they fill a row group."""
        for each in values:
            self._buffer += whale_records.whales(each)
            self._wallets |= {wallet.id: wallet for wallet in whale_records.wallets(each)}
        if len(self._buffer) >= ROWS_PER_GROUP:
            self._flush()

    def snapshot(self) -> None:
        """Return no state: a run writes complete files and is never resumed."""

    def close(self) -> None:
        """Write the remaining rows and close the files."""
        self._flush()
        self._writer.close()
        with _open_writer(self._directory, "wallets") as file:
            file.write_table(finding_tables.wallets(list(self._wallets.values())))

    def _flush(self) -> None:
        if self._buffer:
            self._writer.write_table(finding_tables.whale_trades(self._buffer))
        self._buffer = []


class OpportunityParquetSink(SinglePartitionSink[Findings, None]):
    """Writes changes of opportunities under `directory`, ordered by time and id across shards."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "OpportunityParquetPartition":  # noqa: ARG002
        """Create the writer of a new file."""
        return OpportunityParquetPartition(self._directory)


class OpportunityParquetPartition(StatefulSinkPartition[Findings, None]):
    """The writer. Opportunities are rare, so they are buffered and sorted when it is closed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._changes: list[Opportunity] = []

    def write_batch(self, values: list[Findings]) -> None:
        """Buffer the changes."""
        self._changes += [change for each in values for change in each.opportunities]

    def snapshot(self) -> None:
        """Return no state: a run writes complete files and is never resumed."""

    def close(self) -> None:
        """Sort the changes and write the file."""
        ordered = sorted(self._changes, key=lambda one: (one.updated_at, one.id, one.revision))
        with _open_writer(self._directory, "opportunities") as file:
            file.write_table(finding_tables.opportunities(ordered), row_group_size=ROWS_PER_GROUP)


def _open_writer(directory: Path, kind: str) -> pq.ParquetWriter:
    (directory / kind).mkdir(parents=True, exist_ok=True)
    return writer(directory / kind / FILE, KINDS[kind])
