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
from tests.store.conftest import Asker

Chosen = dict[str, Any]

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
# One condition more often than eleven, or nearly every page is empty.
few_filters = filters | st.fixed_dictionaries({"symbol": records.names}) | st.just({"status": None})


def passes(signal: Signal, chosen: Chosen) -> bool:
    same = ("symbol", "venue", "market_slug", "timeframe", "direction", "signal_type", "status", "mtf_aligned")
    given = {name: value for name, value in chosen.items() if value is not None}
    return (
        all(getattr(signal, name) == given[name] for name in same if name in given)
        and ("min_confidence" not in given or signal.raw_confidence >= given["min_confidence"])
        and ("since" not in given or signal.detected_at >= given["since"])
        and ("until" not in given or signal.detected_at < given["until"])
    )


class Ledger(RuleBasedStateMachine):
    """The tables `signals` and `outcomes` and the feed, beside dicts that say what must be in them."""

    def __init__(self, connection: psycopg.Connection, client: redis.Redis, ask: Asker, ask_redis: Asker) -> None:
        super().__init__()
        self.connection, self.client, self.ask, self.ask_redis = connection, client, ask, ask_redis
        self.signals: dict[str, Signal] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.announced: list[str] = []

    @initialize()
    def begin_empty(self) -> None:
        self.connection.execute("TRUNCATE signals, outcomes, outbox")
        self.client.flushall()

    @rule(batch=st.lists(records.signals(), max_size=6))
    def write_signals(self, batch: list[Signal]) -> None:
        fresh = {signal.id: signal for signal in reversed(batch) if signal.id not in self.signals}
        emitted = [signal for signal in fresh.values() if signal.status == "emitted"]
        self.signals |= fresh
        self.announced += [s.id for s in sorted(emitted, key=lambda signal: (signal.detected_at, signal.id))]
        with self.connection.transaction():
            assert signals.write(self.connection, batch) == len(emitted)
        outbox.drain(self.connection, self.client)

    @rule(batch=st.lists(records.outcomes, max_size=4))
    def write_outcomes(self, batch: list[Outcome]) -> None:
        fresh = {outcome.signal_id: outcome for outcome in reversed(batch) if outcome.signal_id not in self.outcomes}
        self.outcomes |= fresh
        assert outcomes.write(self.connection, batch) == len(fresh)

    def expected(self, chosen: Chosen) -> list[Signal]:
        found = [
            msgspec.structs.replace(signal, outcome=self.outcomes.get(signal.id))
            for signal in self.signals.values()
            if passes(signal, chosen)
        ]
        return sorted(found, key=lambda signal: (signal.detected_at, signal.id), reverse=True)

    @rule(chosen=few_filters, limit=st.integers(1, 7))
    def page_by_cursor(self, chosen: Chosen, limit: int) -> None:
        found: list[Signal] = []
        before = None
        while some := self.ask(LISTING.page, chosen, limit=limit, before=before):
            assert len(some) <= limit
            found += some
            before = LISTING.cursor_of(some[-1])
        assert found == self.expected(chosen)

    @rule(chosen=few_filters, limit=st.integers(1, 7), offset=st.integers(0, 9))
    def page_by_offset(self, chosen: Chosen, limit: int, offset: int) -> None:
        found = self.ask(LISTING.page, chosen, limit=limit, offset=offset)
        assert found == self.expected(chosen)[offset : offset + limit]

    @rule(chosen=few_filters)
    def count_all(self, chosen: Chosen) -> None:
        assert self.ask(LISTING.count, chosen) == len(self.expected(chosen))

    @rule(chosen=few_filters, place=st.integers(0, 9), limit=st.integers(1, 9))
    def compare(self, chosen: Chosen, place: int, limit: int) -> None:
        expected = self.expected(chosen)
        floor = LISTING.cursor_of(expected[place]) if place < len(expected) else None
        down_to = expected if floor is None else expected[: place + 1]
        versions = {signal.id: int(signal.outcome is not None) for signal in down_to[:limit]}
        assert self.ask(LISTING.versions, chosen, floor=floor, limit=limit) == versions
        if floor is not None:
            assert self.ask(LISTING.count_below, chosen, floor) == len(expected) - len(down_to)

    @rule(signal_id=records.ids)
    def find_one(self, signal_id: str) -> None:
        signal = self.signals.get(signal_id)
        if signal is not None:
            signal = msgspec.structs.replace(signal, outcome=self.outcomes.get(signal_id))
        assert self.ask(LISTING.get, signal_id) == signal

    @invariant()
    def every_emitted_signal_is_announced_once_and_as_it_was(self) -> None:
        told = self.ask_redis(feed.tail, "signals", 1_000)
        assert [seq for seq, _ in told] == sorted({seq for seq, _ in told})
        assert [payload for _, payload in told] == [signals.payload(self.signals[name]) for name in self.announced]


def test_signals_read_back_as_they_were_written(
    connection: psycopg.Connection, client: redis.Redis, ask: Asker, ask_redis: Asker
) -> None:
    run_state_machine_as_test(
        lambda: Ledger(connection, client, ask, ask_redis),
        settings=settings(max_examples=40, stateful_step_count=20, deadline=None),
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(signal=records.signals())
def test_what_is_read_is_what_was_announced(connection: psycopg.Connection, ask: Asker, signal: Signal) -> None:
    connection.execute("TRUNCATE signals")
    signals.write(connection, [signal])
    assert signals.payload(ask(LISTING.get, signal.id)) == signals.payload(signal)
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


def test_a_database_without_tables_says_what_to_run(empty_database_url: str, client: redis.Redis) -> None:
    with connect(empty_database_url) as connection, pytest.raises(SetupError, match="run 'signalengine migrate'"):
        outbox.drain(connection, client)


def test_the_api_cannot_write(ask: Asker) -> None:
    async def write(pool: Any) -> None:
        async with pool.connection() as connection:
            await connection.execute("DELETE FROM signals")

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        ask(write)
