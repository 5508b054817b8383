from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

import psycopg

from store.columns import columns, unnest

KINDS = {
    "name": "text",
    "document": "json",
    "price": "float8",
    "good": "boolean",
    "at": "timestamptz",
    "rank": "int4",
    "raw": "bytea",
}


class Row(NamedTuple):
    name: Any
    document: Any
    price: Any
    good: Any
    at: Any
    rank: Any
    raw: Any


def test_rows_are_read_back_unchanged(connection: psycopg.Connection) -> None:
    rows = [
        Row("it's", '{"b": 1.50, "a": -0.0}', 0.1, True, datetime(2013, 10, 7, 1, 2, 3, 456_789, UTC), -7, b"\x00\xff"),
        Row("", "null", 1e-300, False, datetime(1900, 1, 1, tzinfo=UTC), 2**31 - 1, b""),
        Row(None, None, None, False, None, None, None),
    ]
    query = f"SELECT name, document::text, price, good, at, rank, raw FROM {unnest(KINDS)} AS x ({', '.join(KINDS)})"
    assert connection.execute(query, columns(rows, KINDS)).fetchall() == rows
    assert connection.execute(query, columns([], KINDS)).fetchall() == []


def test_time_zones_are_converted(connection: psycopg.Connection) -> None:
    at = datetime(2024, 8, 8, 12, tzinfo=timezone(timedelta(hours=-7)))
    kinds = {"at": "timestamptz"}
    row = connection.execute(f"SELECT * FROM {unnest(kinds)}", columns([Row(*"abcd", at, 1, b"")], kinds))
    assert row.fetchone() == (datetime(2024, 8, 8, 19, tzinfo=UTC),)
