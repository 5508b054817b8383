from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.composites import Component, Composite
from store import composites
from tests.api.builders import BEGIN
from tests.api.conftest import Api

PATH = "/api/v1/signals/composite"
PATTERNS = ("historical_repeat", "regime_change", "volume_spike")


def composite(number: int) -> Composite:
    """Two per minute, different from their neighbours in every field that has a filter."""
    at = BEGIN + timedelta(minutes=number // 2)
    parts = [("signal", "breakout", 1, 0.4), ("event", "volume_spike", 0, 0.15)]
    return Composite(
        id=f"{number * 7919 % 1000:032x}",
        venue=("binance", "sim")[number % 2],
        symbol=("BTCUSDT", "ETHUSDT")[number // 2 % 2],
        market_slug=("btcusdt", "ethusdt")[number // 2 % 2],
        pattern_type=PATTERNS[number % 3],
        direction=("long", "short", "neutral")[number % 5 % 3],  # type: ignore[arg-type]
        detected_at=at,
        component_signals=[
            Component(kind=kind, id=f"{number:032x}", name=name, direction=direction, detected_at=at, weight=weight)
            for kind, name, direction, weight in parts[: number % 3]
        ],
        composite_confidence=number % 11 / 10,
        correlation_score=0.5,
        expected_return=None if number % 4 else 0.25,
        risk_score=0.375,
        regime="quiet_up",
        reason="Two signals agree.",
        simulated=bool(number % 2),
    )


ROWS = [composite(number) for number in range(60)]


def as_json(rows: list[Composite]) -> list[Any]:
    newest = sorted(rows, key=lambda row: (row.detected_at, row.id), reverse=True)
    return list(msgspec.json.decode(msgspec.json.encode(newest)))


def matches(row: Composite, query: dict[str, Any]) -> bool:
    same = ("symbol", "venue", "market_slug", "pattern_type", "direction")
    return (
        all(getattr(row, name) == query[name] for name in same if name in query)
        and row.composite_confidence >= query.get("min_confidence", 0)
        and ("since" not in query or row.detected_at.isoformat() >= query["since"])
        and ("until" not in query or row.detected_at.isoformat() < query["until"])
    )


minutes = st.integers(0, 30).map(lambda number: (BEGIN + timedelta(minutes=number)).isoformat())
queries = st.fixed_dictionaries(
    {},
    optional={
        "symbol": st.sampled_from(["BTCUSDT", "NONE"]),
        "venue": st.sampled_from(["binance", "sim"]),
        "market_slug": st.sampled_from(["btcusdt", "ethusdt"]),
        "pattern_type": st.sampled_from(PATTERNS),
        "direction": st.sampled_from(["long", "short", "neutral"]),
        "min_confidence": st.sampled_from([0, 0.3, 1]),
        "since": minutes,
        "until": minutes,
    },
)
sizes = st.sampled_from([{"limit": 1}, {"limit": 7}, {"per_page": 9}, {"page": 1, "per_page": 11}])


def test_filters_and_pages_equal_the_python_reference(api: Api) -> None:
    with api.connection.transaction():
        composites.write(api.connection, ROWS)

    @settings(max_examples=40, suppress_health_check=[HealthCheck.differing_executors])
    @given(queries, sizes)
    def check(query: dict[str, Any], size: dict[str, int]) -> None:
        expected = as_json([row for row in ROWS if matches(row, query)])
        pages = [response.json() for response in api.pages(f"{PATH}?{urlencode(query | size)}")]
        assert [row for page in pages for row in page["composites"]] == expected
        assert pages[0]["total"] == (None if "limit" in size else len(expected))

    check()


def test_no_composite_is_an_empty_page(api: Api) -> None:
    assert api.get(PATH) == {"composites": [], "total": 0, "page": 1, "per_page": 100, "next_cursor": None}
    assert api.get(f"{PATH}?pattern=volume_spike", 400)["errors"][0]["name"] == "pattern"
