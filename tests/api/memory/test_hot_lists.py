"""Lists from memory equal those from Postgres, byte for byte."""

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.signals import Outcome, Signal
from store import composites, opportunities, outbox, outcomes, signals
from tests.api.builders import BEGIN, emitted, signal
from tests.api.conftest import Api
from tests.api.endpoints.test_composites import composite
from tests.opportunities import opportunity, settled
from tests.until import until

NOW_NS = int((BEGIN + timedelta(hours=5)).timestamp()) * 10**9
ROWS = 16


@pytest.fixture
def pair(serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> tuple[Api, Api]:
    """An API with hot lists that are refreshed often, and one that always queries Postgres."""
    monkeypatch.setattr("api.memory.hot_lists.REFRESH_INTERVAL_S", 0.1)
    hot, cold = serve(hot_rows=ROWS, now_ns=lambda: NOW_NS), serve(now_ns=lambda: NOW_NS)
    until(lambda: hot.resources.hot_lists.signals.rows() is not None)
    return hot, cold


def write(api: Api, rows: list[Any], announced: bool = True) -> None:
    """Write to Postgres as the engine does, and publish on the feed."""
    write_one = {"Signal": signals.write, "Composite": composites.write, "Opportunity": opportunities.write}
    with api.connection.transaction():
        write_one[type(rows[0]).__name__](api.connection, rows)
    if announced:
        api.seq = outbox.drain(api.connection, api.redis) or api.seq
    else:
        api.connection.execute("TRUNCATE outbox")


def body(api: Api, path: str) -> bytes:
    response = api.http.get(path)
    assert response.status_code == 200, response.text
    return bytes(response.content)


def agree(pair: tuple[Api, Api], path: str) -> bool:
    """Whether both respond the same, in status, body, ETag and link."""
    hot, cold = (api.http.get(path) for api in pair)
    responses = [(r.status_code, r.content, r.headers.get("etag"), r.headers.get("link")) for r in (hot, cold)]
    return responses[0] == responses[1]


def all_agree(pair: tuple[Api, Api]) -> None:
    """Wait until they agree, path by path."""
    for path in PATHS:
        until(lambda path=path: agree(pair, path))


def in_memory(api: Api, path: str) -> bool:
    return "age" in api.http.get(path).headers


PATHS = [
    "/signals",
    "/signals?limit=3",
    "/api/v1/signals",
    "/api/v1/signals?per_page=5",
    "/api/v1/signals?per_page=5&page=2",
    "/api/v1/signals?limit=7",
    "/api/v1/signals?symbol=BTCUSDT&limit=2",
    "/api/v1/signals?symbol=BTCUSDT",
    "/api/v1/signals?direction=long&limit=4",
    "/api/v1/signals?timeframe=60m&mtf_aligned=true&limit=2",
    "/api/v1/signals?min_confidence=0.5&limit=3",
    "/api/v1/signals?since=2026-11-20T12:50:00Z",
    "/api/v1/signals?until=2026-11-20T12:30:00Z&limit=3",
    "/api/v1/signals?status=all&limit=5",
    "/api/v1/signals/market/ethusdt?limit=3",
    "/api/v1/signals/composite",
    "/api/v1/signals/composite?limit=2",
    "/api/v1/signals/composite?symbol=BTCUSDT&per_page=2",
    "/api/v1/arbitrage/opportunities",
    "/api/v1/arbitrage/opportunities?status=all&limit=3",
    "/api/v1/arbitrage/opportunities?min_edge=0.01",
    "/api/v1/arbitrage/scan?limit=3",
]

numbers = st.integers(1, 90)
steps = st.one_of(
    st.tuples(st.just("signals"), st.lists(numbers, min_size=4, max_size=25)),
    st.tuples(st.just("unannounced"), st.lists(numbers, min_size=1, max_size=5)),
    st.tuples(st.just("ends"), st.lists(numbers, min_size=1, max_size=5)),
    st.tuples(st.just("composites"), st.lists(numbers, min_size=1, max_size=5)),
    st.tuples(st.just("opportunities"), st.lists(st.tuples(numbers, st.booleans()), min_size=1, max_size=5)),
)


def ended(number: int) -> Outcome:
    return Outcome(
        signal_id=f"{number:032x}",
        outcome="tp_hit",
        entry_at=BEGIN,
        exit_at=BEGIN + timedelta(hours=1),
        entry_price=1.0,
        exit_price=2.0,
        return_pct=1.5,
        return_r=2.0,
        best_r=2.5,
        worst_r=-0.5,
        duration_s=60.0,
    )


def apply_step(api: Api, kind: str, drawn: Any, era: int) -> None:
    """Apply one step of a history; histories of different eras overlap in time, but share no id."""
    row_numbers = [era * 100 + (each if isinstance(each, int) else each[0]) for each in drawn]
    rows = [signal(number, detected_at=BEGIN + timedelta(minutes=era * 5 + number * 37 % 90)) for number in row_numbers]
    if kind == "signals":
        write(api, rows)
    elif kind == "unannounced":
        write(api, rows, announced=False)
    elif kind == "composites":
        write(api, [composite(number) for number in row_numbers])
    elif kind == "opportunities":
        closed = [is_closed for _, is_closed in drawn]
        write(
            api,
            [
                settled(n) if is_closed else opportunity(n, n % 2)
                for n, is_closed in zip(row_numbers, closed, strict=True)
            ],
        )
    else:
        existing = {id_ for (id_,) in api.connection.execute("SELECT id FROM signals").fetchall()}
        with api.connection.transaction():
            outcomes.write(api.connection, [o for number in row_numbers if (o := ended(number)).signal_id in existing])


def test_memory_equals_postgres(pair: tuple[Api, Api]) -> None:
    hot, _ = pair
    eras = count()

    @settings(max_examples=20, suppress_health_check=[HealthCheck.differing_executors])
    @given(st.lists(steps, max_size=8))
    def check(history: list[tuple[str, Any]]) -> None:
        era = next(eras)
        for kind, drawn in history:
            apply_step(hot, kind, drawn, era)
        all_agree(pair)

    check()
    assert in_memory(hot, "/signals?limit=1")


def test_an_announced_row_is_in_memory_at_once(pair: tuple[Api, Api]) -> None:
    hot, cold = pair
    hot.resources.hot_lists.signals.set_subscribed(subscribed=True)  # so it is usable only after it is reconciled
    until(lambda: in_memory(hot, "/signals"))
    for number in range(1, 80, 7):
        write(hot, [emitted(number), emitted(number + 1)])
        expected = body(cold, "/signals?limit=2")
        until(lambda expected=expected: body(hot, "/signals?limit=2") == expected, within_s=0.5)


def test_pages_continue_from_memory_into_postgres(pair: tuple[Api, Api]) -> None:
    hot, cold = pair
    write(hot, [emitted(number) for number in range(1, 3 * ROWS)])
    until(lambda: agree(pair, "/api/v1/signals?per_page=10"))
    pages_of = {}
    for api in pair:
        pages = api.pages("/api/v1/signals?limit=9")
        pages_of[api.address] = [(response.content, "age" in response.headers) for response in pages]
    assert [page for page, _ in pages_of[hot.address]] == [page for page, _ in pages_of[cold.address]]
    from_memory = [has_age for _, has_age in pages_of[hot.address]]
    assert from_memory[0]
    assert from_memory == sorted(from_memory, reverse=True)
    assert not from_memory[-1]


def test_reconciling_finds_an_outcome_and_an_unannounced_row(pair: tuple[Api, Api]) -> None:
    hot, _ = pair
    write(hot, [emitted(1), emitted(2)])
    write(hot, [emitted(3)], announced=False)
    with hot.connection.transaction():
        outcomes.write(hot.connection, [ended(2)])
    until(lambda: [row["id"] for row in hot.get("/signals")["signals"]] == [f"{number:032x}" for number in (3, 2, 1)])
    until(lambda: hot.get("/signals")["signals"][1]["outcome"] is not None)
    hot.connection.execute("DELETE FROM signals WHERE id = %s", (f"{3:032x}",))
    until(lambda: len(hot.get("/signals")["signals"]) == 2)


def test_a_response_is_encoded_once_and_cached(pair: tuple[Api, Api]) -> None:
    hot, _ = pair
    write(hot, [emitted(number) for number in range(1, 9)])
    until(lambda: len(hot.get("/signals")["signals"]) == 8)
    first = hot.http.get("/api/v1/signals?limit=3")
    assert (first.headers["age"], first.headers["cache-control"]) == ("0", "private, no-cache")
    again = hot.http.get("/api/v1/signals?limit=3", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert len(hot.resources.response_cache) >= 1


def test_the_score_decays_every_minute(serve: Callable[..., Api]) -> None:
    clock = [NOW_NS]
    hot = serve(hot_rows=ROWS, now_ns=lambda: clock[0])
    until(lambda: hot.resources.hot_lists.signals.rows() is not None)
    write(hot, [emitted(1)])
    until(lambda: hot.get("/signals")["signals"])

    def decay() -> float:
        return float(hot.get("/api/v1/signals")["signals"][0]["score"]["time_decay_factor"])

    first = decay()
    clock[0] += 59 * 10**9
    assert decay() == first
    clock[0] += 10**9
    assert decay() < first


def test_an_entry_that_cannot_be_decoded_is_ignored(pair: tuple[Api, Api]) -> None:
    hot, _ = pair
    hot.redis.xadd("feed:signals", {"d": b"{"}, id="900000-0")
    write(hot, [emitted(1)], announced=False)
    until(lambda: hot.get("/signals")["signals"])
    assert agree(pair, "/signals")
    assert msgspec.json.decode(body(hot, "/signals"), type=dict[str, list[Signal]])["signals"] == [emitted(1)]


def test_rows_written_under_load_are_complete(pair: tuple[Api, Api]) -> None:
    hot, _ = pair
    stop = threading.Event()

    def request() -> None:
        while not stop.is_set():
            body(hot, "/signals?limit=20")

    client = threading.Thread(target=request)
    client.start()
    try:
        for number in range(1, 200):
            write(hot, [emitted(number, detected_at=BEGIN + timedelta(seconds=number * 37 % 101))])
    finally:
        stop.set()
        client.join()
    all_agree(pair)
