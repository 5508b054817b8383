from datetime import UTC, datetime

import psycopg
import pytest

from store import listing, signals
from store.listing import COUNT_MAX, Cursor, Listing
from tests.api.builders import signal
from tests.store.conftest import AsyncCaller

END = Cursor(datetime.max.replace(tzinfo=UTC), "")


def test_rows_are_counted_up_to_a_limit(
    connection: psycopg.Connection, call: AsyncCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals.write(connection, [signal(number) for number in range(7)])
    monkeypatch.setattr(listing, "COUNT_MAX", 6)
    assert call(signals.LISTING.count, {}) is None
    assert call(signals.LISTING.count_below, {}, END) == 7
    assert call(signals.LISTING.count, {"status": "emitted"}) == 5
    assert call(signals.LISTING.count_below, {"status": "emitted"}, END) == 5


def test_count_that_takes_too_long_is_none(connection: psycopg.Connection, call: AsyncCaller) -> None:
    signals.write(connection, [signal(1)])
    slow = Listing("signals", "detected_at", "id", {"after_s": "pg_sleep(%(after_s)s) IS NOT NULL"}, lambda row: row[0])
    assert call(slow.count, {"after_s": 0}) == 1
    assert call(slow.count_below, {"after_s": 60}, END) == COUNT_MAX + 1
    assert call(slow.count, {"after_s": 0}) == 1
