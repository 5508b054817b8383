from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.whale_trades import WhaleTrade
from store import whales
from tests.store.conftest import AsyncCaller
from tests.whale_trades import ADDRESSES, whale

drawn = st.builds(whale, st.integers(0, 9), st.integers(0, 2))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(batches=st.lists(st.lists(drawn, max_size=6), max_size=4))
def test_latest_revision_is_stored_whatever_the_order(
    connection: psycopg.Connection, batches: list[list[WhaleTrade]]
) -> None:
    with connection.transaction(force_rollback=True):
        newest: dict[str, int] = {}
        for batch in batches:
            before = dict(newest)
            for each in batch:
                newest[each.id] = max(each.revision, newest.get(each.id, 0))
            assert whales.write(connection, batch) == sum(before.get(name) != at for name, at in newest.items())
            assert whales.write(connection, batch) == 0, "writing it again changes nothing"
        assert dict(connection.execute("SELECT id, revision FROM whale_trades").fetchall()) == newest


def test_whales_are_read_back_as_written(connection: psycopg.Connection, call: AsyncCaller) -> None:
    written = [whale(number, number % 2) for number in range(6)]
    assert whales.write(connection, written) == 6
    assert call(whales.LISTING.page, {}, limit=9) == written[::-1]


@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        ({"kind": "consensus"}, [9, 4]),
        ({"market": "polymarket:0", "status": "emitted"}, [9, 6, 3]),
        ({"slug": "will-it-2", "direction": 1}, [8, 5, 2]),
        ({"slug": "will-it-2", "direction": -1}, []),
        ({"wallet": [ADDRESSES[0].lower()]}, [6, 3, 0]),
        ({"wallet": [ADDRESSES[0].lower(), ADDRESSES[2]]}, [8, 6, 5, 3, 2, 0]),
        ({"min_notional": 90_000.0}, [9, 8]),
        ({"since": whale(3).detected_at, "until": whale(5).detected_at}, [4, 3]),
    ],
)
def test_filters(connection: psycopg.Connection, call: AsyncCaller, chosen: dict[str, Any], numbers: list[int]) -> None:
    whales.write(connection, [whale(number) for number in range(10)])
    assert [int(each.id, 16) for each in call(whales.LISTING.page, chosen, limit=99)] == numbers
    assert call(whales.LISTING.count, chosen) == len(numbers)
