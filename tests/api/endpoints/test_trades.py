from typing import Any
from urllib.parse import urlencode

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.executions import Execution
from store import executions, listing
from tests.api.conftest import Api
from tests.store import paper

PATH = "/api/v1/analytics/trades"
CLOSED = paper.trades(80)
ROWS = [
    *CLOSED,
    *(paper.trade(number, None) for number in range(80, 86)),
    *(paper.trade(number, None, outcome="planned") for number in range(86, 90)),
    *(paper.trade(number, 0.0, outcome="skipped", skipped_reason="no_edge") for number in range(90, 95)),
]


def write(api: Api, rows: list[Execution] = ROWS) -> None:
    with api.connection.transaction():
        executions.write(api.connection, rows)


def as_json(rows: list[Execution]) -> list[Any]:
    newest = sorted(rows, key=lambda row: (row.planned_at, row.id), reverse=True)
    return list(msgspec.json.decode(msgspec.json.encode(newest)))


def matches(row: Execution, query: dict[str, Any]) -> bool:
    """Reference implementation of the filters."""
    outcomes = [query["outcome"]] if "outcome" in query else ["win", "loss", "even"]
    return (
        row.outcome in outcomes
        and all(getattr(row, name) == query[name] for name in ("symbol", "signal_type", "direction") if name in query)
        and ("since" not in query or row.planned_at.isoformat() >= query["since"])
        and ("until" not in query or row.planned_at.isoformat() < query["until"])
    )


times = st.integers(0, 95).map(lambda number: paper.trade(number, None).planned_at.isoformat())
queries = st.fixed_dictionaries(
    {},
    optional={
        "symbol": st.sampled_from(["BTCUSDT", "ETHUSDT", "NONE"]),
        "signal_type": st.sampled_from(["breakout", "reversal"]),
        "direction": st.sampled_from(["long", "short"]),
        "outcome": st.sampled_from(["win", "loss", "open", "planned", "skipped"]),
        "since": times,
        "until": times,
    },
)
sizes = st.sampled_from([{"limit": 7}, {"per_page": 9}, {"page": 1, "per_page": 11}, {"limit": 1000}])


def test_filters_pages_and_totals_equal_the_python_reference(api: Api) -> None:
    write(api)

    @settings(max_examples=40, suppress_health_check=[HealthCheck.differing_executors])
    @given(queries, sizes)
    def check(query: dict[str, Any], size: dict[str, int]) -> None:
        expected = as_json([row for row in ROWS if matches(row, query)])
        pages = [response.json() for response in api.pages(f"{PATH}?{urlencode(query | size)}")]
        assert [row for page in pages for row in page["trades"]] == expected
        assert pages[0]["total"] == (None if "limit" in size else len(expected))

    check()


def test_totals_from_stored_sums_are_exact(api: Api, monkeypatch: Any) -> None:
    write(api)
    monkeypatch.setattr(listing, "COUNT_MAX", 5)
    assert api.get(PATH)["total"] == len(CLOSED)
    selected = [row for row in CLOSED if (row.symbol, row.signal_type) == ("BTCUSDT", "reversal")]
    assert api.get(f"{PATH}?symbol=BTCUSDT&signal_type=reversal")["total"] == len(selected) > 5
    assert api.get(f"{PATH}?symbol=NONE")["total"] == 0
    assert api.get(f"{PATH}?outcome=win")["total"] is None
    assert api.get(f"{PATH}?outcome=skipped")["total"] == 5


def test_open_positions_are_the_trades_that_are_not_closed(api: Api) -> None:
    assert api.get("/api/v1/analytics/open-positions") == {"positions": [], "count": 0}
    write(api)
    running = [row for row in ROWS if row.outcome in ("open", "planned")]
    assert api.get("/api/v1/analytics/open-positions") == {"positions": as_json(running), "count": 10}
    selected = [row for row in running if row.symbol == "SOLUSDT"]
    response = api.get("/api/v1/analytics/open-positions?symbol=SOLUSDT")
    assert response == {"positions": as_json(selected), "count": len(selected)}
    write(api, [paper.trade(number, 1.0) for number in range(80, 90)])
    assert api.get("/api/v1/analytics/open-positions")["count"] == 0
