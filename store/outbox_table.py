"""Outbox table: a table whose new and changed rows are published on the feed, written in one statement per batch.

A row and its outbox row are written by the same statement, so that both are committed or neither; a row that is written
again unchanged is neither stored nor published.
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
    """Writes the rows of one table and publishes them on one channel.

    Parameters
    ----------
    table, channel
        Name of the table, and of the channel of the feed.
    types
        Name and Postgres type of each column; the rows have attributes of the same names.
    replace_if
        SQL condition for a row to replace one with the same id, where `old` is the stored row and `excluded` the
        written one; None: a stored row is never replaced.
    extra_ctes
        Further common table expressions of the statement, in which `fresh` are the inserted and replaced rows.
    """

    def __init__(
        self, table: str, channel: str, types: Mapping[str, str], *, replace_if: str | None = None, extra_ctes: str = ""
    ) -> None:
        self._types = types
        names = ", ".join(types)
        changes = ", ".join(f"{name} = excluded.{name}" for name in types if name != "id")
        conflict = f"UPDATE SET {changes} WHERE {replace_if}" if replace_if else "NOTHING"
        self._statement = f"""
            WITH fresh AS (
                INSERT INTO {table} AS old ({names})
                SELECT * FROM {unnest(types)}
                ON CONFLICT (id) DO {conflict}
                RETURNING *
            ){f", {extra_ctes}" if extra_ctes else ""}
            INSERT INTO outbox (channel, payload)
            SELECT '{channel}', messages.payload
            FROM unnest(%(id)s, %(payloads)s) WITH ORDINALITY AS messages (id, payload, ordinal)
            JOIN fresh USING (id)
            ORDER BY messages.ordinal
        """  # noqa: S608  names and types of columns, no user input

    def write(
        self, connection: psycopg.Connection, rows: Sequence[Any], messages: Sequence[msgspec.Struct] | None = None
    ) -> int:
        """Write rows, each id once, and an outbox row for each that was inserted or replaced.

        Call it in a transaction, and `outbox.drain` after the commit.

        Parameters
        ----------
        messages
            The message to publish for each row; by default the row itself.

        Returns
        -------
        int
            The number of outbox rows.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached.
        """
        if not rows:
            return 0
        parameters = columns(rows, self._types)
        for name, type_ in self._types.items():
            if type_ in ("json", "jsonb"):
                parameters[name] = Texts([_encoder.encode(getattr(row, name)).decode() for row in rows])
        parameters["payloads"] = Texts([_encoder.encode(row).decode() for row in messages or rows])
        with map_errors():
            outbox.lock(connection)
            return connection.execute(self._statement, parameters).rowcount
