"""OutboxTable: tables whose new or changed rows go to the feed, by one statement a batch.

The row and its line in the outbox are written together, so both are kept or neither; a row that comes
again unchanged is neither written nor announced.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import psycopg

from store import outbox
from store.arrays import Texts
from store.columns import columns, unnest
from store.postgres import map_errors

_encoder = msgspec.json.Encoder()


class OutboxTable:
    """How the rows of one table are written and announced.

    Parameters
    ----------
    table, channel
        Where they go.
    kinds
        Name and Postgres type of each column; attributes of the rows have the same names.
    newer
        What must hold for a row to replace one of the same id, in which `old` is the one that stands
        there and `excluded` the one that comes; None: the first stays.
    also
        Further parts of the WITH clause, which see the rows that are new or newer as `fresh`.
    """

    def __init__(
        self, table: str, channel: str, kinds: Mapping[str, str], *, newer: str | None = None, also: str = ""
    ) -> None:
        self._kinds = kinds
        names = ", ".join(kinds)
        changes = ", ".join(f"{name} = excluded.{name}" for name in kinds if name != "id")
        conflict = f"UPDATE SET {changes} WHERE {newer}" if newer else "NOTHING"
        self._statement = f"""
            WITH fresh AS (
                INSERT INTO {table} AS old ({names})
                SELECT * FROM {unnest(kinds)}
                ON CONFLICT (id) DO {conflict}
                RETURNING *
            ){f", {also}" if also else ""}
            INSERT INTO outbox (channel, payload)
            SELECT '{channel}', announced.payload
            FROM unnest(%(id)s, %(payloads)s) WITH ORDINALITY AS announced (id, payload, place)
            JOIN fresh USING (id)
            ORDER BY announced.place
        """  # noqa: S608  names and types of our own columns

    def write(
        self, connection: psycopg.Connection, rows: Sequence[Any], told: Sequence[msgspec.Struct] | None = None
    ) -> int:
        """Write rows, each id once, and announce those that are new or newer.

        Call it in a transaction, and `outbox.drain` after the commit.

        Parameters
        ----------
        told
            What is announced of each row; the row itself if not given.

        Returns
        -------
        int
            How many wait in the outbox because of this call.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached.
        """
        if not rows:
            return 0
        parameters = columns(rows, self._kinds)
        for name, kind in self._kinds.items():
            if kind in ("json", "jsonb"):
                parameters[name] = Texts([_encoder.encode(getattr(row, name)).decode() for row in rows])
        parameters["payloads"] = Texts([_encoder.encode(row).decode() for row in told or rows])
        with map_errors():
            outbox.lock(connection)
            return connection.execute(self._statement, parameters).rowcount
