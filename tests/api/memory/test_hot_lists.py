"""Lists from memory are, byte for byte, what Postgres would say."""

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
    """One API with lists in memory, which are compared often, and one that asks Postgres."""
    monkeypatch.setattr("api.memory.hot_lists.COMPARED_S", 0.1)
    hot, cold = serve(hot_rows=ROWS, now_ns=lambda: NOW_NS), serve(now_ns=lambda: NOW_NS)
    until(lambda: hot.resources.hot.signals.recent() is not None)
    return hot, cold


def write(api: Api, rows: list[Any], announced: bool = True) -> None:
    """Into Postgres as the engine does, and onto the feed."""
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
    """Whether both say the same, in body, ETag and link."""
    hot, cold = (api.http.get(path) for api in pair)
    told = [(r.status_code, r.content, r.headers.get("etag"), r.headers.get("link")) for r in (hot, cold)]
    return told[0] == told[1]


def all_agree(pair: tuple[Api, Api]) -> None:
    """Wait until they do, path by path."""
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
    st.tuples(st.just("silent"), st.lists(numbers, min_size=1, max_size=5)),
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


def live(api: Api, kind: str, drawn: Any, era: int) -> None:
    """One step of a history; eras overlap in time, and share no id."""
    places = [era * 100 + (each if isinstance(each, int) else each[0]) for each in drawn]
    rows = [signal(place, detected_at=BEGIN + timedelta(minutes=era * 5 + place * 37 % 90)) for place in places]
    if kind == "signals":
        write(api, rows)
    elif kind == "silent":
        write(api, rows, announced=False)
    elif kind == "composites":
        write(api, [composite(place) for place in places])
    elif kind == "opportunities":
        ended_ones = [is_closed for _, is_closed in drawn]
        write(api, [settled(p) if gone else opportunity(p, p % 2) for p, gone in zip(places, ended_ones, strict=True)])
    else:
        known = {id_ for (id_,) in api.connection.execute("SELECT id FROM signals").fetchall()}
        with api.connection.transaction():
            outcomes.write(api.connection, [o for place in places if (o := ended(place)).signal_id in known])


def test_memory_says_what_postgres_would(pair: tuple[Api, Api]) -> None:
    hot, _ = pair
    eras = count()

    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(st.lists(steps, max_size=8))
    def check(history: list[tuple[str, Any]]) -> None:
        era = next(eras)
        for kind, drawn in history:
            live(hot, kind, drawn, era)
        all_agree(pair)

    check()
    assert in_memory(hot, "/signals?limit=1")


def test_what_is_committed_and_announced_is_told_at_once(pair: tuple[Api, Api]) -> None:
    hot, cold = pair
    hot.resources.hot.signals.follow(followed=True)  # so the next comparison is what makes it usable
    until(lambda: in_memory(hot, "/signals"))
    for number in range(1, 80, 7):
        write(hot, [emitted(number), emitted(number + 1)])
        wanted = body(cold, "/signals?limit=2")
        until(lambda wanted=wanted: body(hot, "/signals?limit=2") == wanted, within_s=0.5)


def test_pages_go_on_from_memory_into_history(pair: tuple[Api, Api]) -> None:
    hot, cold = pair
    write(hot, [emitted(number) for number in range(1, 3 * ROWS)])
    until(lambda: agree(pair, "/api/v1/signals?per_page=10"))
    seen = {}
    for api in pair:
        pages = api.pages("/api/v1/signals?limit=9")
        seen[api.address] = [(response.content, "age" in response.headers) for response in pages]
    assert [page for page, _ in seen[hot.address]] == [page for page, _ in seen[cold.address]]
    from_memory = [warm for _, warm in seen[hot.address]]
    assert from_memory[0]
    assert from_memory == sorted(from_memory, reverse=True)
    assert not from_memory[-1]


def test_an_outcome_and_a_silent_row_are_found_by_comparison(pair: tuple[Api, Api]) -> None:
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


def test_the_score_ages_with_the_minute(serve: Callable[..., Api]) -> None:
    clock = [NOW_NS]
    hot = serve(hot_rows=ROWS, now_ns=lambda: clock[0])
    until(lambda: hot.resources.hot.signals.recent() is not None)
    write(hot, [emitted(1)])
    until(lambda: hot.get("/signals")["signals"])

    def decay() -> float:
        return float(hot.get("/api/v1/signals")["signals"][0]["score"]["time_decay_factor"])

    first = decay()
    clock[0] += 59 * 10**9
    assert decay() == first
    clock[0] += 10**9
    assert decay() < first


def test_memory_reads_no_entry_that_is_none(pair: tuple[Api, Api]) -> None:
    hot, _ = pair
    hot.redis.xadd("feed:signals", {"d": b"{"}, id="900000-0")
    write(hot, [emitted(1)], announced=False)
    until(lambda: hot.get("/signals")["signals"])
    assert agree(pair, "/signals")
    assert msgspec.json.decode(body(hot, "/signals"), type=dict[str, list[Signal]])["signals"] == [emitted(1)]


def test_rows_written_under_load_are_all_there(pair: tuple[Api, Api]) -> None:
    hot, _ = pair
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            body(hot, "/signals?limit=20")

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for number in range(1, 200):
            write(hot, [emitted(number, detected_at=BEGIN + timedelta(seconds=number * 37 % 101))])
    finally:
        stop.set()
        asking.join()
    all_agree(pair)
