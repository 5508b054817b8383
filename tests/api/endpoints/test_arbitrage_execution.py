"""An opportunity is executed once, on paper, and only while it is unchanged."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx2
import jsonschema  # type: ignore[import-untyped]
import msgspec
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from domain.clock import DAY, SECOND, from_datetime
from domain.opportunities import Opportunity
from store import feed, opportunities, outbox
from tests.api.conftest import Api
from tests.api.rest.openapi_document import operation_at, schema_at
from tests.opportunities import opportunity, settled

PATH = "/api/v1/arbitrage/execute"
NOW_NS = from_datetime(opportunity(1).opened_at) + SECOND


@pytest.fixture
def api(serve: Callable[..., Api]) -> Api:
    """An API one second after the opportunity of minute 1 was opened."""
    running = serve(now_ns=lambda: NOW_NS)
    opportunities.write(running.connection, [opportunity(0), live(1), settled(2)])
    return running


def live(number: int, revision: int = 0, **changes: Any) -> Opportunity:
    """An opportunity of a live venue, whose time is the wall clock."""
    return opportunity(number, revision, simulated=False, **changes)


def after_settlement(number: int, **changes: Any) -> Opportunity:
    """The same after its first plan was settled: half of it would have filled."""
    settlement = settled(number).settlement
    assert settlement is not None
    at = opportunity(number).opened_at + timedelta(seconds=1.5)
    settlement = msgspec.structs.replace(settlement, revision=0, judged_at=at, **changes)
    return msgspec.structs.replace(live(number), change="settled", revision=1, settlement=settlement)


def execute(api: Api, number: int = 1, revision: int = 0, key: str | None = "k1", **headers: str) -> httpx2.Response:
    named = {} if key is None else {"Idempotency-Key": key}
    return api.http.post(
        PATH, json={"opportunity_id": f"{number:032x}", "revision": revision}, headers={**named, **headers}
    )


def written(api: Api) -> dict[str, int]:
    tables = ("arbitrage_executions", "trade_executions", "trade_days")
    counted: dict[str, int] = {}
    for table in tables:
        (row,) = api.connection.execute(f"SELECT count(*) FROM {table}").fetchall()
        counted[table] = row[0]
    return counted


NOTHING = {"arbitrage_executions": 0, "trade_executions": 0, "trade_days": 0}
ONE = {"arbitrage_executions": 1, "trade_executions": 1, "trade_days": 0}


def test_an_opportunity_becomes_an_open_paper_trade(api: Api) -> None:
    response = execute(api)
    assert (response.status_code, response.headers["cache-control"]) == (201, "no-store")
    trade, executed = response.json(), opportunity(1)
    names = ("signal_id", "venue", "symbol", "market_slug", "signal_type", "outcome")
    assert {name: trade[name] for name in names} == {
        "signal_id": executed.id,
        "venue": "polymarket",
        "symbol": "1",
        "market_slug": executed.slug,
        "signal_type": executed.kind,
        "outcome": "open",
    }
    money = {name: trade[name] for name in ("entry_price", "shares", "notional", "risk", "fees", "equity", "pnl")}
    assert money == {
        "entry_price": pytest.approx(39.27 / 40.5),
        "shares": 40.5,
        "notional": 39.27,
        "risk": 0.81,
        "fees": pytest.approx(0.04469),
        "equity": 39.27,
        "pnl": None,
    }
    assert trade["entry_time"] == "2026-11-20T12:01:01Z"
    assert api.get("/api/v1/analytics/open-positions")["positions"] == [trade]
    assert written(api) == ONE
    document = api.get("/openapi.json")
    jsonschema.validate(trade, schema_at(document, PATH, "201"))
    (body,) = operation_at(document, PATH)["requestBody"]["content"].values()
    jsonschema.validate({"opportunity_id": executed.id, "revision": 0}, body["schema"])


def test_the_trade_is_published_from_the_outbox(api: Api) -> None:
    trade = execute(api).json()
    outbox.drain(api.connection, api.redis)
    entries: Any = api.redis.xrange(feed.key("executions"))
    assert [msgspec.json.decode(fields[b"d"]) for _, fields in entries] == [trade]


def test_a_repeated_request_changes_nothing(api: Api) -> None:
    first = execute(api)
    opportunities.write(api.connection, [live(1, 2)])
    again = execute(api)
    assert (again.status_code, again.json()) == (201, first.json()), "even after it closed"
    assert written(api) == ONE


def test_concurrent_requests_execute_once(api: Api) -> None:
    with ThreadPoolExecutor(6) as threads:
        same = list(threads.map(lambda _: execute(api), range(6)))
        other = list(threads.map(lambda number: execute(api, key=f"other{number}"), range(4)))
    assert {response.status_code for response in same} == {201}
    assert len({response.text for response in same}) == 1
    assert {response.status_code for response in other} == {409}
    assert written(api) == ONE


@pytest.mark.parametrize(
    ("number", "revision", "reason"),
    [
        (0, 0, "expired"),
        (1, 1, "at revision 0"),
        (2, 3, "is closed: edge gone"),
    ],
)
def test_a_stale_opportunity_is_refused(api: Api, number: int, revision: int, reason: str) -> None:
    response = execute(api, number, revision)
    assert (response.status_code, response.json()["code"]) == (409, "conflict")
    assert reason in response.json()["detail"]
    assert written(api) == NOTHING


def test_an_opportunity_that_changed_is_refused(api: Api) -> None:
    opportunities.write(api.connection, [live(1, 1)])
    assert execute(api).status_code == 409
    assert execute(api, revision=1, key="k2").status_code == 201


def test_a_settlement_does_not_change_the_plan(api: Api) -> None:
    opportunities.write(api.connection, [after_settlement(1)])
    assert execute(api, revision=0).status_code == 201
    assert execute(api, revision=2, key="k2").status_code == 409


def test_a_trade_closes_when_its_plan_is_settled(api: Api) -> None:
    trade = execute(api).json()
    assert opportunities.write(api.connection, [after_settlement(1)]) == 2, (
        "the opportunity and the trade are published"
    )
    (ended,) = api.get("/api/v1/analytics/trades")["trades"]
    assert ended == trade | {
        "updated_at": "2026-11-20T12:01:01.500000Z",
        "exit_time": "2026-11-20T12:01:01.500000Z",
        "exit_price": pytest.approx((39.27 - 0.5) / 40.5),
        "pnl": -0.5,
        "pnl_pct": pytest.approx(-50.0 / 39.27),
        "pnl_r": pytest.approx(-0.5 / 0.81),
        "equity": pytest.approx(38.77),
        "outcome": "loss",
    }
    assert api.get("/api/v1/analytics/open-positions")["count"] == 0
    assert api.get("/api/v1/analytics/by-signal-type")["by_signal_type"]["buy_all_no"]["total_trades"] == 1
    rows: Any = api.connection.execute("SELECT settlement->>'late_leg', ended FROM arbitrage_executions").fetchall()
    assert rows == [("polymarket:2", True)]
    assert opportunities.write(api.connection, [after_settlement(1)]) == 0, "a repeated write changes nothing"
    assert execute(api).json() == ended, "a repeated request returns the current trade"


def test_a_trade_made_after_the_settlement_closes_with_the_next_write(api: Api) -> None:
    opportunities.write(api.connection, [after_settlement(1)])
    assert execute(api, revision=1).json()["outcome"] == "open"
    opportunities.write(api.connection, [live(3)])
    (ended,) = api.get("/api/v1/analytics/trades")["trades"]
    assert (ended["outcome"], ended["pnl"]) == ("loss", -0.5)


@pytest.mark.parametrize(
    ("settlement_changes", "outcome", "pnl"),
    [
        ({"outcome": "filled", "net": Decimal("1.2"), "late_leg": None}, "win", 1.2),
        ({"outcome": "partial", "net": None, "edge": None}, "loss", -0.81),
        ({"outcome": "missed", "size": Decimal(0), "net": Decimal(0)}, "unfilled", None),
        ({"outcome": "missed", "size": Decimal(0), "net": Decimal(-2)}, "loss", -2.0),
        ({"outcome": "unjudged", "size": Decimal(0), "net": None, "late_leg": None}, "unfilled", None),
    ],
)
def test_the_outcome_of_a_trade(api: Api, settlement_changes: dict[str, Any], outcome: str, pnl: float | None) -> None:
    execute(api)
    opportunities.write(api.connection, [after_settlement(1, **settlement_changes)])
    (ended,) = api.get(f"/api/v1/analytics/trades?outcome={outcome}")["trades"]
    assert ended["pnl"] == pnl


def test_the_settlement_of_another_plan_does_not_close_it(api: Api) -> None:
    execute(api)
    updated = live(1, 1)
    later = settled(1).settlement
    opportunities.write(
        api.connection, [updated, msgspec.structs.replace(updated, change="settled", revision=2, settlement=later)]
    )
    assert api.get("/api/v1/analytics/open-positions")["count"] == 1


def test_plans_of_recorded_markets_expire_by_market_time(serve: Callable[..., Api]) -> None:
    late = serve(now_ns=lambda: NOW_NS + 30 * DAY)
    opportunities.write(late.connection, [live(1), opportunity(3)])
    response = execute(late, 1)
    assert (response.status_code, response.json()["code"]) == (409, "conflict"), "the market has reached minute 3"
    assert "expired" in response.json()["detail"]
    trade = execute(late, 3)
    assert trade.status_code == 201
    assert trade.json()["entry_time"] == "2026-11-20T12:03:00Z"
    behind = serve(now_ns=lambda: NOW_NS + 130 * SECOND)
    assert execute(behind, 3, key="k2").status_code == 409, "it was executed before"
    opportunities.write(late.connection, [live(4)])
    soon = serve(now_ns=lambda: from_datetime(live(4).opened_at) + 4 * SECOND)
    assert "expired" in execute(soon, 4, key="k3").json()["detail"], "plans of a live feed expire by the wall clock"


def test_a_key_stands_for_one_request(api: Api) -> None:
    assert execute(api).status_code == 201
    reused = execute(api, 0)
    assert (reused.status_code, reused.json()["code"]) == (422, "key_reused")
    assert execute(api, key="k2").status_code == 409, "it was executed before"
    assert written(api) == ONE


def test_an_unknown_opportunity_is_not_found(api: Api) -> None:
    assert execute(api, 99).status_code == 404


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"json": {}}, 400, "invalid_message"),
        ({"json": {"opportunity_id": "x", "revision": 0}}, 400, "invalid_message"),
        ({"json": {"opportunity_id": f"{1:032x}", "revision": 0, "size": 1}}, 400, "invalid_message"),
        ({"json": {"opportunity_id": f"{1:032x}", "revision": 2**31}}, 400, "invalid_message"),
        ({"json": {"opportunity_id": f"{1:032x}", "revision": 0.5}}, 400, "invalid_message"),
        ({"content": b"[" * 4000, "headers": {"content-type": "application/json"}}, 400, "invalid_message"),
        ({"content": b"\xff", "headers": {"content-type": "application/json"}}, 400, "invalid_message"),
        ({"content": b" " * 5000, "headers": {"content-type": "application/json"}}, 413, "too_large"),
        ({"content": b"{}", "headers": {"content-type": "text/plain"}}, 415, "unsupported"),
        ({"data": {"opportunity_id": f"{1:032x}"}}, 415, "unsupported"),
        ({"json": {}, "params": {"x": "1"}}, 400, "invalid_parameter"),
    ],
)
def test_malformed_requests_are_refused(api: Api, sent: dict[str, Any], status: int, code: str) -> None:
    headers = {"Idempotency-Key": "k", **sent.pop("headers", {})}
    response = api.http.post(PATH, headers=headers, **sent)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert written(api) == NOTHING


@pytest.mark.parametrize("key", [None, "", "a b", "k" * 201])
def test_without_a_key_nothing_is_executed(api: Api, key: str | None) -> None:
    response = execute(api, key=key)
    assert (response.status_code, response.json()["errors"][0]["name"]) == (400, "Idempotency-Key")
    assert written(api) == NOTHING


def test_other_origins_may_not_execute(api: Api) -> None:
    assert execute(api, origin="https://elsewhere.example").json()["code"] == "forbidden"
    assert written(api) == NOTHING
    assert execute(api, origin=f"http://{api.address}").status_code == 201


def test_only_post_is_allowed(api: Api) -> None:
    response = api.http.get(PATH)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


def test_insert_on_three_tables_is_all_it_needs(serve: Callable[..., Api], api: Api, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as owner:
        (name,) = owner.execute("SELECT 'reader_' || md5(current_database())").fetchall()[0]
        owner.execute(f"CREATE ROLE {name} LOGIN")
        try:
            owner.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
            least = serve(database=make_conninfo(database_url, user=name), now_ns=lambda: NOW_NS)
            assert execute(least).status_code == 503, "the role is read-only"
            assert written(api) == NOTHING
            owner.execute(f"GRANT INSERT ON arbitrage_executions, trade_executions, outbox TO {name}")
            assert execute(least).status_code == 201
            least.stop()
        finally:
            owner.execute(f"DROP OWNED BY {name}")
            owner.execute(f"DROP ROLE {name}")
    assert written(api) == ONE
