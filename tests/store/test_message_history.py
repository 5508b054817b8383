from datetime import timedelta
from typing import Any

import psycopg
import pytest
import redis

from domain.composites import Component, Composite
from domain.performance import Alert
from store import alerts, composites, executions, feed, message_history, opportunities, outbox, outcomes, signals
from tests.opportunities import opportunity
from tests.store.paper import BEGIN, outcome, signal, trade


def alert(number: int) -> Alert:
    at = BEGIN + timedelta(hours=number)
    return Alert(
        id=f"{number:032x}",
        kind="drawdown",
        level="warning",
        message=f"number {number}",
        at=at,
        signal_type=None,
        value=0.1,
        trades=7,
    )


def composite(number: int) -> Composite:
    at = BEGIN + timedelta(hours=number)
    return Composite(
        id=f"{number:032x}",
        venue="sim",
        symbol="BTCUSDT",
        market_slug="btcusdt",
        pattern_type="volume_spike",
        direction="long",
        detected_at=at,
        component_signals=[Component(kind="signal", id="1", name="breakout", direction=1, detected_at=at, weight=0.25)],
        composite_confidence=0.625,
        correlation_score=0.5,
        expected_return=None if number % 2 else 0.25,
        risk_score=0.5,
        regime="quiet_up",
        reason='Two "agree" é.',
        simulated=True,
    )


def announced(client: redis.Redis, channel: str) -> list[bytes]:
    return [payload for _, _, payload in feed.read_blocking(client, {channel: 0}, block_ms=1)]


WRITERS: dict[str, Any] = {
    "signals": (signals.write, [signal(number, status="emitted", suppressed_reason=None) for number in range(5)]),
    "composites": (composites.write, [composite(number) for number in range(5)]),
    "arbitrage": (opportunities.write, [opportunity(number, number % 3) for number in range(5)]),
    "executions": (executions.write, [trade(number, None if number % 2 else 12.5) for number in range(5)]),
    "alerts": (alerts.write, [alert(number) for number in range(5)]),
}


@pytest.mark.parametrize("channel", WRITERS)
def test_ledger_says_what_the_feed_said_to_the_letter(
    connection: psycopg.Connection, client: redis.Redis, channel: str
) -> None:
    write, rows = WRITERS[channel]
    with connection.transaction():
        write(connection, rows)
    outbox.drain(connection, client)
    told = announced(client, channel)
    assert len(told) == 5
    everything = message_history.since(connection, channel, BEGIN - timedelta(days=9999), limit=9)
    assert sorted(everything) == sorted(told)
    assert message_history.since(connection, channel, BEGIN + timedelta(days=9999), limit=9) == []
    assert len(message_history.since(connection, channel, BEGIN - timedelta(days=9999), limit=2)) == 2


def test_signal_is_told_as_it_was_before_its_end_and_not_if_it_was_suppressed(
    connection: psycopg.Connection, client: redis.Redis
) -> None:
    told = signal(1, status="emitted", suppressed_reason=None)
    quiet = signal(2, status="suppressed", suppressed_reason="cooldown")
    with connection.transaction():
        signals.write(connection, [told, quiet])
        outcomes.write(connection, [outcome(1, 1.5)])
    outbox.drain(connection, client)
    assert message_history.since(connection, "signals", BEGIN, limit=9) == announced(client, "signals")


def test_from_an_instant_on_the_newest_last(connection: psycopg.Connection) -> None:
    with connection.transaction():
        alerts.write(connection, [alert(number) for number in range(6)])
    found = message_history.since(connection, "alerts", BEGIN + timedelta(hours=2), limit=3)
    assert [f'"number {number}"'.encode() in payload for number, payload in zip((3, 4, 5), found, strict=True)] == [
        True
    ] * 3


def test_performance_says_all_with_its_next_message(connection: psycopg.Connection) -> None:
    assert message_history.since(connection, "performance", BEGIN, limit=9) == []
