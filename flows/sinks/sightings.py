"""SightingSink: whales and the records of their wallets, to Postgres.

One partition, whose snapshot makes Bytewax wait for it: what was read from the log is not forgotten
before it is here. A batch may come again, whole or cut otherwise, and changes nothing.
"""

from bytewax.outputs import StatefulSinkPartition

from domain.whale_trades import Wallet, WhaleTrade
from domain.whales import WhaleFindings
from flows import sightings
from flows.sinks.link import Link
from flows.sinks.parts import OnePart
from flows.sinks.retry import TIMEOUT_S
from store import postgres, wallets, whales


class SightingSink(OnePart[WhaleFindings, None]):
    """Writes graded findings of all shards to Postgres.

    Parameters
    ----------
    database_url
        Where Postgres is; the database must be migrated.
    timeout_s
        Seconds to wait for Postgres when it is away before the process ends.
    """

    part = "sightings"

    def __init__(self, database_url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._database_url, self._timeout_s = database_url, timeout_s

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "SightingPartition":  # noqa: ARG002
        """The writer."""
        return SightingPartition(self._database_url, timeout_s=self._timeout_s)


class SightingPartition(StatefulSinkPartition[WhaleFindings, None]):
    """The writer. It connects at once, and again whenever the connection is lost."""

    def __init__(self, database_url: str, *, timeout_s: float) -> None:
        self._link = Link(database_url, timeout_s=timeout_s)

    def write_batch(self, values: list[WhaleFindings]) -> None:
        """Write what was found; return when it is durable.

        Raises
        ------
        ServiceError
            If Postgres stays away for longer than our patience.
        """
        found = [one for each in values for one in sightings.whales(each)]
        seen = [one for each in values for one in sightings.wallets(each)]
        if found:
            self._link.run(lambda connection: _write(connection, found, seen))

    def snapshot(self) -> None:
        """Nothing: a replay writes the same again."""

    def close(self) -> None:
        """Let go of the connection."""
        self._link.close()


def _write(connection: postgres.Connection, found: list[WhaleTrade], seen: list[Wallet]) -> None:
    with postgres.transaction(connection):
        whales.write(connection, found)
        wallets.write(connection, seen)
