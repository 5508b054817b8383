from typing import Any

import msgspec
import psycopg
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from domain.errors import SetupError
from domain.signals import Outcome, Signal
from store import feed, outbox, outcomes, signals
from store.postgres import connect
from store.signals import LISTING
from tests.store import records
from tests.store.conftest import AsyncCaller

Filters = dict[str, Any]

filters = st.fixed_dictionaries(
    {},
    optional={
        "symbol": records.names,
        "venue": st.sampled_from(("binance", "sim", "nowhere")),
        "market_slug": records.names,
        "timeframe": st.sampled_from(("5m", "1h")),
        "direction": st.sampled_from(("long", "short")),
        "signal_type": st.sampled_from(("breakout", "reversal")),
        "status": st.sampled_from(("emitted", "suppressed")),
        "min_confidence": records.shares,
        "mtf_aligned": st.booleans(),
        "since": records.few_instants,
        "until": records.few_instants,
    },
)
# One condition more often than eleven; otherwise nearly every page would be empty.
few_filters = filters | st.fixed_dictionaries({"symbol": records.names}) | st.just({"status": None})


def matches(signal: Signal, conditions: Filters) -> bool:
    same = ("symbol", "venue", "market_slug", "timeframe", "direction", "signal_type", "status", "mtf_aligned")
    active = {name: value for name, value in conditions.items() if value is not None}
    return (
        all(getattr(signal, name) == active[name] for name in same if name in active)
        and ("min_confidence" not in active or signal.raw_confidence >= active["min_confidence"])
        and ("since" not in active or signal.detected_at >= active["since"])
        and ("until" not in active or signal.detected_at < active["until"])
    )


class Storage(RuleBasedStateMachine):
    """The tables `signals` and `outcomes` and the feed, and dicts of what they must contain."""

    def __init__(
        self, connection: psycopg.Connection, client: redis.Redis, call: AsyncCaller, call_redis: AsyncCaller
    ) -> None:
        super().__init__()
        self.connection, self.client, self.call, self.call_redis = connection, client, call, call_redis
        self.signals: dict[str, Signal] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.published: list[str] = []

    @initialize()
    def start_empty(self) -> None:
        self.connection.execute("TRUNCATE signals, outcomes, outbox")
        self.client.flushall()

    @rule(batch=st.lists(records.signals(), max_size=6))
    def write_signals(self, batch: list[Signal]) -> None:
        fresh = {signal.id: signal for signal in reversed(batch) if signal.id not in self.signals}
        emitted = [signal for signal in fresh.values() if signal.status == "emitted"]
        self.signals |= fresh
        self.published += [s.id for s in sorted(emitted, key=lambda signal: (signal.detected_at, signal.id))]
        with self.connection.transaction():
            assert signals.write(self.connection, batch) == len(emitted)
        outbox.drain(self.connection, self.client)

    @rule(batch=st.lists(records.outcomes, max_size=4))
    def write_outcomes(self, batch: list[Outcome]) -> None:
        fresh = {outcome.signal_id: outcome for outcome in reversed(batch) if outcome.signal_id not in self.outcomes}
        self.outcomes |= fresh
        assert outcomes.write(self.connection, batch) == len(fresh)

    def expected(self, conditions: Filters) -> list[Signal]:
        found = [
            msgspec.structs.replace(signal, outcome=self.outcomes.get(signal.id))
            for signal in self.signals.values()
            if matches(signal, conditions)
        ]
        return sorted(found, key=lambda signal: (signal.detected_at, signal.id), reverse=True)

    @rule(conditions=few_filters, limit=st.integers(1, 7))
    def page_by_cursor(self, conditions: Filters, limit: int) -> None:
        found: list[Signal] = []
        before = None
        while some := self.call(LISTING.page, conditions, limit=limit, before=before):
            assert len(some) <= limit
            found += some
            before = LISTING.cursor_of(some[-1])
        assert found == self.expected(conditions)

    @rule(conditions=few_filters, limit=st.integers(1, 7), offset=st.integers(0, 9))
    def page_by_offset(self, conditions: Filters, limit: int, offset: int) -> None:
        found = self.call(LISTING.page, conditions, limit=limit, offset=offset)
        assert found == self.expected(conditions)[offset : offset + limit]

    @rule(conditions=few_filters)
    def count_all(self, conditions: Filters) -> None:
        assert self.call(LISTING.count, conditions) == len(self.expected(conditions))

    @rule(conditions=few_filters, place=st.integers(0, 9), limit=st.integers(1, 9))
    def compare(self, conditions: Filters, place: int, limit: int) -> None:
        expected = self.expected(conditions)
        floor = LISTING.cursor_of(expected[place]) if place < len(expected) else None
        down_to = expected if floor is None else expected[: place + 1]
        versions = {signal.id: int(signal.outcome is not None) for signal in down_to[:limit]}
        assert self.call(LISTING.versions, conditions, floor=floor, limit=limit) == versions
        if floor is not None:
            assert self.call(LISTING.count_below, conditions, floor) == len(expected) - len(down_to)

    @rule(signal_id=records.ids)
    def find_one(self, signal_id: str) -> None:
        signal = self.signals.get(signal_id)
        if signal is not None:
            signal = msgspec.structs.replace(signal, outcome=self.outcomes.get(signal_id))
        assert self.call(LISTING.get, signal_id) == signal

    @invariant()
    def every_emitted_signal_is_published_once_and_unchanged(self) -> None:
        entries = self.call_redis(feed.tail, "signals", 1_000)
        assert [seq for seq, _ in entries] == sorted({seq for seq, _ in entries})
        assert [payload for _, payload in entries] == [signals.payload(self.signals[name]) for name in self.published]


def test_signals_are_read_back_as_written(
    connection: psycopg.Connection, client: redis.Redis, call: AsyncCaller, call_redis: AsyncCaller
) -> None:
    run_state_machine_as_test(
        lambda: Storage(connection, client, call, call_redis),
        settings=settings(max_examples=40, stateful_step_count=20),
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(signal=records.signals())
def test_signal_is_read_as_it_was_published(connection: psycopg.Connection, call: AsyncCaller, signal: Signal) -> None:
    connection.execute("TRUNCATE signals")
    signals.write(connection, [signal])
    assert signals.payload(call(LISTING.get, signal.id)) == signals.payload(signal)
    assert msgspec.json.decode(signals.payload(signal), type=Signal) == signal


def test_pages_use_an_index(connection: psycopg.Connection) -> None:
    connection.execute("SET enable_seqscan = off; SET enable_sort = off")
    for condition, index in (
        ("TRUE", "signals_by_time"),
        ("symbol = 'a'", "signals_by_symbol"),
        ("market_slug = 'a'", "signals_by_market"),
    ):
        plan = connection.execute(
            f"EXPLAIN SELECT * FROM signals WHERE {condition} AND (detected_at, id) < (now(), 'f') "
            f"ORDER BY detected_at DESC, id DESC LIMIT 50"
        ).fetchall()
        assert any(f"Index Scan using {index}" in line for (line,) in plan), plan


def test_missing_tables_are_an_error_that_names_the_command(empty_database_url: str, client: redis.Redis) -> None:
    with connect(empty_database_url) as connection, pytest.raises(SetupError, match="run 'signalengine migrate'"):
        outbox.drain(connection, client)


def test_the_api_cannot_write(call: AsyncCaller) -> None:
    async def write(pool: Any) -> None:
        async with pool.connection() as connection:
            await connection.execute("DELETE FROM signals")

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        call(write)
