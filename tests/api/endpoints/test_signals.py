import threading
from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.signals import Outcome, Signal
from store import outcomes
from tests.api.builders import BEGIN, emitted, signal
from tests.api.conftest import Api
from tests.until import until

ROWS = [signal(number) for number in range(60)]
AFTER_ALL = BEGIN + timedelta(days=1)


def as_json(rows: list[Signal]) -> list[Any]:
    return list(msgspec.json.decode(msgspec.json.encode(rows)))


def stable(response_body: Any) -> Any:
    """Without score and historical performance, which test_enriched.py covers and which change with time."""
    for row in response_body.get("signals", [response_body]):
        assert row.pop("score")["signal_id"] == row["id"]
        assert row.pop("historical_performance") is None
    return response_body


def listed(api: Api, path: str) -> Any:
    """The response at `path`, without what changes with time."""
    return stable(api.get(path))


def newest_first(rows: list[Signal]) -> list[Signal]:
    return sorted(rows, key=lambda row: (row.detected_at, row.id), reverse=True)


def matches(row: Signal, query: dict[str, Any]) -> bool:
    """Reference implementation of the filters."""
    status = query.get("status", "emitted")
    return (
        (status == "all" or row.status == status)
        and all(
            str(getattr(row, name)).lower() == str(query[name]).lower()
            for name in ("symbol", "venue", "market_slug", "direction", "signal_type", "mtf_aligned")
            if name in query
        )
        and ("timeframe" not in query or row.timeframe == {"60m": "1h"}.get(query["timeframe"], query["timeframe"]))
        and ("min_confidence" not in query or row.raw_confidence >= query["min_confidence"])
        and ("since" not in query or row.detected_at.isoformat() >= query["since"])
        and ("until" not in query or row.detected_at.isoformat() < query["until"])
    )


minutes = st.integers(0, 60).map(lambda number: (BEGIN + timedelta(minutes=number)).isoformat())
queries = st.fixed_dictionaries(
    {},
    optional={
        "symbol": st.sampled_from(["BTCUSDT", "ETHUSDT", "NONE"]),
        "venue": st.sampled_from(["binance", "sim"]),
        "market_slug": st.sampled_from(["btcusdt", "ethusdt"]),
        "timeframe": st.sampled_from(["5m", "60m", "1h"]),
        "direction": st.sampled_from(["long", "short"]),
        "signal_type": st.sampled_from(["breakout", "reversal"]),
        "status": st.sampled_from(["emitted", "suppressed", "all"]),
        "min_confidence": st.sampled_from([0, 0.3, 1]),
        "mtf_aligned": st.sampled_from(["true", "false"]),
        "since": minutes,
        "until": minutes,
    },
)


def test_every_filter_equals_the_python_reference(api: Api) -> None:
    api.write(ROWS)

    @settings(max_examples=60, suppress_health_check=[HealthCheck.differing_executors])
    @given(queries)
    def check(query: dict[str, Any]) -> None:
        expected = newest_first([row for row in ROWS if matches(row, query)])
        assert listed(api, f"/api/v1/signals?{urlencode(query)}") == {
            "signals": as_json(expected),
            "total": len(expected),
            "page": 1,
            "per_page": 100,
            "next_cursor": None,
        }

    check()


def follow(api: Api, path: str, **query: Any) -> list[list[Any]]:
    """All pages, by following the `Link` header."""
    return [stable(response.json())["signals"] for response in api.pages(f"{path}?{urlencode(query)}")]


@pytest.mark.parametrize("query", [{"limit": 7}, {"per_page": 7}, {"page": 1, "per_page": 7}, {"limit": 1000}])
def test_pages_contain_every_signal_once(api: Api, query: dict[str, int]) -> None:
    api.write(ROWS)
    pages = follow(api, "/api/v1/signals", status="all", mtf_aligned="true", **query)
    expected = newest_first([row for row in ROWS if row.mtf_aligned])
    assert [row for page in pages for row in page] == as_json(expected)
    assert {len(page) for page in pages[:-1]} <= {7}


def test_total_is_counted_for_page_numbers_only(api: Api) -> None:
    api.write(ROWS)
    total = len([row for row in ROWS if row.status == "emitted"])
    first = listed(api, "/api/v1/signals?per_page=10")
    assert (first["total"], first["page"], first["per_page"], len(first["signals"])) == (total, 1, 10, 10)
    third = api.get("/api/v1/signals?per_page=10&page=3")
    assert (third["total"], third["page"], third["per_page"]) == (total, 3, 10)
    by_cursor = listed(api, f"/api/v1/signals?per_page=10&cursor={first['next_cursor']}")
    assert (by_cursor["total"], by_cursor["signals"]) == (
        None,
        listed(api, "/api/v1/signals?per_page=10&page=2")["signals"],
    )
    assert api.get("/api/v1/signals?limit=10")["total"] is None
    assert len(api.get("/api/v1/signals?limit=3&per_page=10")["signals"]) == 3


def test_pages_by_cursor_neither_repeat_nor_skip_while_signals_arrive(api: Api) -> None:
    """Rows written before the first page are listed exactly once, however many arrive meanwhile."""
    before = [emitted(number, detected_at=BEGIN + timedelta(seconds=number // 4)) for number in range(200)]
    api.write(before)
    stop = threading.Event()
    arriving = [emitted(number, detected_at=BEGIN + timedelta(seconds=number % 90)) for number in range(1000, 2000)]
    written = 0

    def write_rows() -> None:
        nonlocal written
        for row in arriving:
            if stop.is_set():
                return
            api.write([row])
            written += 1

    writer = threading.Thread(target=write_rows)
    writer.start()
    try:
        until(lambda: written > 20)
        for limit in (1, 3, 50):
            seen = [row["id"] for page in follow(api, "/api/v1/signals", limit=limit) for row in page]
            old = [row.id for row in newest_first(before)]
            assert [id_ for id_ in seen if id_ in set(old)] == old
            assert len(seen) == len(set(seen))
    finally:
        stop.set()
        writer.join()
    assert written > 20


def test_rows_of_the_same_time_are_ordered_by_id(api: Api) -> None:
    same = [emitted(number, detected_at=BEGIN) for number in range(25)]
    api.write(same)
    seen = [row["id"] for page in follow(api, "/api/v1/signals", limit=4) for row in page]
    assert seen == sorted((row.id for row in same), reverse=True)


def test_a_cursor_that_was_never_issued_is_a_valid_position(api: Api) -> None:
    api.write(ROWS)
    everything = listed(api, "/api/v1/signals?limit=1000")["signals"]
    assert listed(api, f"/api/v1/signals?limit=1000&cursor=3{'f' * 46}")["signals"] == everything
    assert api.get(f"/api/v1/signals?cursor={'0' * 47}")["signals"] == []


def test_a_signal_includes_its_outcome(api: Api) -> None:
    api.write(ROWS[:5])
    outcome = Outcome(
        signal_id=ROWS[4].id,
        outcome="tp_hit",
        entry_at=BEGIN,
        exit_at=AFTER_ALL,
        entry_price=1.0,
        exit_price=2.0,
        return_pct=1.5,
        return_r=2.0,
        best_r=2.5,
        worst_r=-0.5,
        duration_s=60.0,
    )
    with api.connection.transaction():
        outcomes.write(api.connection, [outcome])
    assert listed(api, f"/api/v1/signals/{ROWS[3].id}") == as_json(ROWS[3:4])[0]
    expected = msgspec.structs.replace(ROWS[4], outcome=outcome)
    assert listed(api, f"/api/v1/signals/{ROWS[4].id}") == as_json([expected])[0]
    assert expected.status == "suppressed"


def test_an_unknown_id_is_not_found_and_a_malformed_one_refused(api: Api) -> None:
    problem = api.get(f"/api/v1/signals/{'f' * 32}", 404)
    assert (problem["code"], problem["detail"]) == ("not_found", f"no signal has the id {'f' * 32}")
    assert api.get("/api/v1/signals/7", 400)["errors"][0]["name"] == "id"


def test_signals_of_a_market_have_the_same_filters_and_pages(api: Api) -> None:
    slash = emitted(900, market_slug="BTC/USDT:USDT", symbol="BTC/USDT:USDT")
    api.write([*ROWS, slash])
    pages = follow(api, "/api/v1/signals/market/btcusdt", limit=3, status="all")
    assert [row for page in pages for row in page] == as_json(
        newest_first([row for row in ROWS if row.market_slug == "btcusdt"])
    )
    assert listed(api, "/api/v1/signals/market/BTC/USDT:USDT")["signals"] == as_json([slash])
    assert listed(api, "/api/v1/signals/market/BTC%2FUSDT%3AUSDT")["signals"] == as_json([slash])
    assert api.get("/api/v1/signals/market/nowhere")["total"] == 0
    assert api.get("/api/v1/signals/market/btcusdt?market_slug=btcusdt", 400)["errors"][0]["name"] == "market_slug"


def test_the_short_form_lists_the_newest(api: Api) -> None:
    api.write(ROWS)
    expected = as_json(newest_first([row for row in ROWS if row.status == "emitted"]))
    assert api.get("/signals") == {"signals": expected}
    assert api.get("/signals?limit=5") == {"signals": expected[:5]}
    assert api.get("/signals?limit=0", 400)["code"] == "invalid_parameter"


INVALID = [
    ("limit=0", "limit"),
    ("limit=1001", "limit"),
    ("per_page=0", "per_page"),
    ("page=0", "page"),
    ("cursor=x", "cursor"),
    (f"cursor=4{'0' * 46}", "cursor"),
    ("status=any", "status"),
    ("direction=up", "direction"),
    ("timeframe=5", "timeframe"),
    ("min_confidence=1.01", "min_confidence"),
    ("mtf_aligned=yes", "mtf_aligned"),
    ("since=yesterday", "since"),
    ("until=2026-01-01T00:00:00", "until"),
    ("symbol=", "symbol"),
    ("symbol=A&symbol=B", "symbol"),
    ("slug=btcusdt", "slug"),
    ("offset=3", "offset"),
]


def test_parameters_are_strict(api: Api) -> None:
    for query, name in INVALID:
        problem = api.get(f"/api/v1/signals?{query}", 400)
        assert (problem["code"], [fault["name"] for fault in problem["errors"]]) == ("invalid_parameter", [name])


def test_times_are_rfc_3339_in_utc(api: Api) -> None:
    api.write([emitted(1, detected_at=BEGIN + timedelta(microseconds=250_000)), emitted(2)])
    assert [row["detected_at"] for row in api.get("/signals")["signals"]] == [
        "2026-11-20T12:02:00Z",
        "2026-11-20T12:00:00.250000Z",
    ]


def test_order_is_newest_first(api: Api) -> None:
    api.write(ROWS)
    rows = api.get("/api/v1/signals?status=all")["signals"]
    assert all(one["detected_at"] >= other["detected_at"] for one, other in pairwise(rows))
    assert len(rows) == len(ROWS)
