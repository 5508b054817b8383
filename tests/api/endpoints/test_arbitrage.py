from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from api.feed.channel_messages import ArbitrageMessage
from domain.clock import SECOND, from_datetime
from domain.opportunities import Opportunity
from store import opportunities, outbox
from tests.api.builders import emitted
from tests.api.conftest import Api
from tests.opportunities import opportunity, settled

PATH = "/api/v1/arbitrage/opportunities"
SCAN = "/api/v1/arbitrage/scan"


def as_json(record: Opportunity) -> Any:
    return msgspec.json.decode(msgspec.json.encode(record))


def numbers(body: dict[str, Any]) -> list[int]:
    return [int(each["id"], 16) for each in body["opportunities"]]


def test_open_opportunities_with_plan_and_risk_newest_first(api: Api) -> None:
    written = [opportunity(1), opportunity(2, 1), settled(3)]
    opportunities.write(api.connection, written)
    body = api.get(PATH)
    assert body == {
        "opportunities": [as_json(written[1]), as_json(written[0])],
        "scan_time": as_json(written[2])["updated_at"],
        "count": 2,
        "total": 2,
        "page": 1,
        "per_page": 100,
        "next_cursor": None,
    }
    first = body["opportunities"][0]
    assert first["execution_plan"]["legs"][0]["token"] == "polymarket:1"
    assert first["risk_assessment"]["grade"] == "B"
    assert (first["net"], first["size"]) == ("3.20531", "40.5"), "amounts are exact"
    (closed,) = api.get(f"{PATH}?status=closed")["opportunities"]
    assert closed["settlement"]["outcome"] == "partial"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=all", [5, 4, 3, 2, 1, 0]),
        ("status=closed", [3, 0]),
        ("kind=buy_pair&status=all", [4, 2, 0]),
        ("group=polymarket:1&simulated=true", [1]),
        ("slug=will-it-2&min_net=5", [5]),
        ("min_edge=0.0235", [5, 4]),
        ("since=2026-11-20T12:01:00Z&until=2026-11-20T12:03:00Z", [2, 1]),
        ("changed_since=2026-11-20T12:03:01Z&status=all", [5, 4, 3]),
    ],
)
def test_filters(api: Api, query: str, expected: list[int]) -> None:
    opportunities.write(api.connection, [opportunity(number, 0 if number % 3 else 2) for number in range(6)])
    assert numbers(api.get(f"{PATH}?{query}")) == expected


def test_pages_follow_each_other(api: Api) -> None:
    opportunities.write(api.connection, [opportunity(number) for number in range(5)])
    response, seen = api.http.get(f"{PATH}?limit=2"), []
    while True:
        seen += numbers(response.json())
        if "next" not in response.links:
            break
        response = api.http.get(response.links["next"]["url"])
    assert seen == [4, 3, 2, 1, 0]


def test_a_scan_lists_open_opportunities_and_its_age(serve: Callable[..., Api]) -> None:
    written = [opportunity(2), opportunity(3), opportunity(1, 1), settled(0)]
    newest = max(each.updated_at for each in written)
    api = serve(now_ns=lambda: from_datetime(newest) + 7 * SECOND // 2)
    assert api.get(SCAN) == {"opportunities": [], "scan_time": None, "age_s": None, "count": 0}
    opportunities.write(api.connection, written)
    body = api.get(SCAN)
    assert (numbers(body), body["count"], body["age_s"]) == ([3, 2, 1], 3, 3.5)
    assert body["scan_time"] == as_json(written[1])["updated_at"]
    assert numbers(api.get(f"{SCAN}?limit=1")) == [3], "highest net first"
    assert api.http.get(SCAN).headers["cache-control"] == "no-store"


def test_opportunities_are_streamed_with_plan_and_warnings(api: Api) -> None:
    changes = [opportunity(1), opportunity(1, 1), settled(1)]
    with api.websocket("/api/v1/ws/arbitrage") as websocket:
        api.publish([emitted(1)])
        with api.connection.transaction():
            opportunities.write(api.connection, changes[:1])
        outbox.advance(api.connection, api.redis)
        outbox.drain(api.connection, api.redis)
        for each in changes[1:]:
            opportunities.write(api.connection, [each])
            outbox.drain(api.connection, api.redis)
        received = [msgspec.json.decode(websocket.recv(20), type=ArbitrageMessage) for _ in changes]
    assert [message.data for message in received] == changes
    assert [message.data.risk.reasons for message in received] == [["the second book is 12 ms old"]] * 3
    assert [message.seq for message in received] == sorted(message.seq for message in received)
