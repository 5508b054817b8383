"""WhaleSink: write whales and the track records of their wallets to Postgres.

One partition, whose snapshot makes Bytewax wait for it: input is not trimmed from the log before its results
are written here. Writing a batch again, whole or in other parts, changes nothing.
"""

from bytewax.outputs import StatefulSinkPartition

from domain.whale_trades import Wallet, WhaleTrade
from domain.whales import WhaleFindings
from flows import whale_records
from flows.sinks.partitions import SinglePartitionSink
from flows.sinks.reconnecting import ReconnectingPostgres
from flows.sinks.retry import TIMEOUT_S
from store import postgres, wallets, whales


class WhaleSink(SinglePartitionSink[WhaleFindings, None]):
    """Writes graded whale findings to Postgres.

    Parameters
    ----------
    database_url
        Address of Postgres; the database must be migrated.
    timeout_s
        Seconds to wait for an unavailable Postgres before the process ends.
    """

    partition = "sightings"

    def __init__(self, database_url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._database_url, self._timeout_s = database_url, timeout_s

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "WhalePartition":  # noqa: ARG002
        """Create the writer."""
        return WhalePartition(self._database_url, timeout_s=self._timeout_s)


class WhalePartition(StatefulSinkPartition[WhaleFindings, None]):
    """The writer. It connects immediately, and reconnects whenever the connection is lost."""

    def __init__(self, database_url: str, *, timeout_s: float) -> None:
        self._postgres = ReconnectingPostgres(database_url, timeout_s=timeout_s)

    def write_batch(self, values: list[WhaleFindings]) -> None:
        """Write the findings; return when they are durable.

        Raises
        ------
        ServiceError
            If Postgres is unavailable for longer than `timeout_s`.
        """
        trades = [trade for each in values for trade in whale_records.whales(each)]
        owners = [wallet for each in values for wallet in whale_records.wallets(each)]
        if trades:
            self._postgres.run(lambda connection: _write(connection, trades, owners))

    def snapshot(self) -> None:
        """Return no state: a replay writes the same rows again."""

    def close(self) -> None:
        """Close the connection."""
        self._postgres.close()


def _write(connection: postgres.Connection, trades: list[WhaleTrade], owners: list[Wallet]) -> None:
    with postgres.transaction(connection):
        whales.write(connection, trades)
        wallets.write(connection, owners)
