from datetime import UTC, datetime

import psycopg
import pytest

from store import listing, signals
from store.listing import COUNT_MAX, Cursor, Listing
from tests.api.builders import signal
from tests.store.conftest import Asker

END = Cursor(datetime.max.replace(tzinfo=UTC), "")


def test_more_than_can_be_shown_are_not_counted(
    connection: psycopg.Connection, ask: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals.write(connection, [signal(number) for number in range(7)])
    monkeypatch.setattr(listing, "COUNT_MAX", 6)
    assert ask(signals.LISTING.count, {}) is None
    assert ask(signals.LISTING.count_below, {}, END) == 7
    assert ask(signals.LISTING.count, {"status": "emitted"}) == 5
    assert ask(signals.LISTING.count_below, {"status": "emitted"}, END) == 5


def test_what_takes_too_long_to_count_is_not_counted(connection: psycopg.Connection, ask: Asker) -> None:
    signals.write(connection, [signal(1)])
    slow = Listing("signals", "detected_at", "id", {"after_s": "pg_sleep(%(after_s)s) IS NOT NULL"}, lambda row: row[0])
    assert ask(slow.count, {"after_s": 0}) == 1
    assert ask(slow.count_below, {"after_s": 60}, END) == COUNT_MAX + 1
    assert ask(slow.count, {"after_s": 0}) == 1
