from typing import Any

import msgspec
import psycopg
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.opportunities import Opportunity
from store import feed, opportunities, outbox
from tests.opportunities import opportunity, settled
from tests.store.conftest import AsyncCaller

drawn = st.tuples(st.integers(0, 5), st.integers(0, 3)).map(
    lambda which: settled(which[0]) if which[1] == 3 else opportunity(*which)
)


def latest(batches: list[list[Opportunity]]) -> dict[str, Opportunity]:
    revisions: dict[str, Opportunity] = {}
    for each in (one for batch in batches for one in batch):
        if each.id not in revisions or revisions[each.id].revision < each.revision:
            revisions[each.id] = each
    return revisions


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(batches=st.lists(st.lists(drawn, max_size=6), max_size=4))
def test_latest_revision_is_stored_whatever_the_order(
    connection: psycopg.Connection, batches: list[list[Opportunity]]
) -> None:
    with connection.transaction(force_rollback=True):
        offset = 0
        for at, batch in enumerate(batches):
            before, after = latest(batches[:at]), latest(batches[: at + 1])
            changed = {name: each for name, each in after.items() if before.get(name) != each}
            assert opportunities.write(connection, batch) == len(changed)
            messages = [
                msgspec.json.decode(payload, type=Opportunity)
                for (payload,) in connection.execute("SELECT payload FROM outbox ORDER BY seq OFFSET %s", (offset,))
            ]
            assert messages == sorted(changed.values(), key=lambda each: (each.updated_at, each.id))
            offset += len(messages)
            assert opportunities.write(connection, batch) == 0, "writing it again changes nothing"
        rows: Any = connection.execute("SELECT id, revision, net FROM arbitrage_opportunities").fetchall()
        assert {row[0]: row[1:] for row in rows} == {
            name: (each.revision, each.net) for name, each in latest(batches).items()
        }


def test_opportunities_are_read_back_as_written(connection: psycopg.Connection, call: AsyncCaller) -> None:
    written = [settled(0), opportunity(1), opportunity(2, 1), opportunity(3, 2)]
    opportunities.write(connection, written)
    assert call(opportunities.LISTING.page, {}, limit=9) == written[::-1]
    assert [call(opportunities.LISTING.get, each.id) for each in written] == written
    assert call(opportunities.LISTING.get, "none") is None
    assert call(opportunities.best, limit=9) == [written[2], written[1]], "highest net profit first"
    assert call(opportunities.best, limit=1) == [written[2]]
    assert call(opportunities.changed_at) == written[3].updated_at


def test_without_opportunities_there_is_no_latest_change(connection: psycopg.Connection, call: AsyncCaller) -> None:
    assert opportunities.write(connection, []) == 0
    assert call(opportunities.changed_at) is None


@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        ({"open": True}, [5, 4, 2, 1]),
        ({"open": False}, [3, 0]),
        ({"kind": "buy_pair"}, [4, 2, 0]),
        ({"group": "polymarket:1", "simulated": True}, [1]),
        ({"slug": "will-it-2"}, [5, 2]),
        ({"min_net": 5.0}, [5, 4]),
        ({"min_edge": 0.0235}, [5, 4]),
        ({"since": opportunity(1).opened_at, "until": opportunity(3).opened_at}, [2, 1]),
    ],
)
def test_filters(connection: psycopg.Connection, call: AsyncCaller, chosen: dict[str, Any], numbers: list[int]) -> None:
    opportunities.write(connection, [opportunity(number, 0 if number % 3 else 2) for number in range(6)])
    found = call(opportunities.LISTING.page, chosen, limit=9)
    assert [int(each.id, 16) for each in found] == numbers
    assert call(opportunities.LISTING.count, chosen) == len(numbers)


def test_written_opportunities_are_published(connection: psycopg.Connection, client: redis.Redis) -> None:
    with connection.transaction():
        assert opportunities.write(connection, [opportunity(1), opportunity(1, 1)]) == 1
    outbox.drain(connection, client)
    entries: Any = client.xrange(feed.key("arbitrage"))
    ((_, fields),) = entries
    message = msgspec.json.decode(fields[b"d"])
    assert (message["revision"], message["net"], message["group"]) == (1, "2.20531", "polymarket:1")
    assert message["execution_plan"]["legs"][0]["limit_price"] == "0.45"
    assert message["risk_assessment"]["reasons"] == ["the second book is 12 ms old"]
