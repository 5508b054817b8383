"""Finding sinks: whales, wallets and opportunities as Parquet, a folder a kind and one file in each.

whale_trades/ wallets/ opportunities/     each with all.parquet

Files belong to whole runs, as those of `flows.sinks.parquet`.
"""

from pathlib import Path

import pyarrow.parquet as pq
from bytewax.outputs import StatefulSinkPartition

from domain.findings import Findings
from domain.opportunities import Opportunity
from domain.whale_trades import Wallet, WhaleTrade
from domain.whales import WhaleFindings
from flows import sightings
from flows.sinks import finding_tables
from flows.sinks.parquet import writer
from flows.sinks.parts import OnePart
from flows.sinks.together import FILE

ROWS_PER_GROUP = 4_096
KINDS = {
    "whale_trades": finding_tables.whale_trades([]).schema,
    "wallets": finding_tables.wallets([]).schema,
    "opportunities": finding_tables.opportunities([]).schema,
}


def complete(directory: Path) -> None:
    """Give each kind of which there is nothing an empty file, so that it can be read all the same."""
    for kind, schema in KINDS.items():
        if not (directory / kind).exists():
            (directory / kind).mkdir(parents=True)
            pq.write_table(schema.empty_table(), directory / kind / FILE)


class WhaleParquetSink(OnePart[WhaleFindings, None]):
    """Writes graded findings of all shards under `directory`, and at the end the wallets in them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "WhaleParquetPartition":  # noqa: ARG002
        """A partition with new files."""
        return WhaleParquetPartition(self._directory)


class WhaleParquetPartition(StatefulSinkPartition[WhaleFindings, None]):
    """The files."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._writer = _begin(directory, "whale_trades")
        self._waiting: list[WhaleTrade] = []
        self._wallets: dict[str, Wallet] = {}

    def write_batch(self, values: list[WhaleFindings]) -> None:
        """Keep rows until they fill a row group."""
        for each in values:
            self._waiting += sightings.whales(each)
            self._wallets |= {wallet.id: wallet for wallet in sightings.wallets(each)}
        if len(self._waiting) >= ROWS_PER_GROUP:
            self._flush()

    def snapshot(self) -> None:
        """Nothing: files belong to whole runs."""

    def close(self) -> None:
        """Write what is left and end the files."""
        self._flush()
        self._writer.close()
        with _begin(self._directory, "wallets") as file:
            file.write_table(finding_tables.wallets(list(self._wallets.values())))

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(finding_tables.whale_trades(self._waiting))
        self._waiting = []


class OpportunityParquetSink(OnePart[Findings, None]):
    """Writes changes of opportunities under `directory`, by time and id whatever shard they come from."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "OpportunityParquetPartition":  # noqa: ARG002
        """A partition with a new file."""
        return OpportunityParquetPartition(self._directory)


class OpportunityParquetPartition(StatefulSinkPartition[Findings, None]):
    """The file. Opportunities are rare, so they are kept until the end and put in order then."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._changes: list[Opportunity] = []

    def write_batch(self, values: list[Findings]) -> None:
        """Keep the changes."""
        self._changes += [change for each in values for change in each.opportunities]

    def snapshot(self) -> None:
        """Nothing: files belong to whole runs."""

    def close(self) -> None:
        """Write the file."""
        ordered = sorted(self._changes, key=lambda one: (one.updated_at, one.id, one.revision))
        with _begin(self._directory, "opportunities") as file:
            file.write_table(finding_tables.opportunities(ordered), row_group_size=ROWS_PER_GROUP)


def _begin(directory: Path, kind: str) -> pq.ParquetWriter:
    (directory / kind).mkdir(parents=True, exist_ok=True)
    return writer(directory / kind / FILE, KINDS[kind])
