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


def published(client: redis.Redis, channel: str) -> list[bytes]:
    return [payload for _, _, payload in feed.read_blocking(client, {channel: 0}, block_ms=1)]


WRITERS: dict[str, Any] = {
    "signals": (signals.write, [signal(number, status="emitted", suppressed_reason=None) for number in range(5)]),
    "composites": (composites.write, [composite(number) for number in range(5)]),
    "arbitrage": (opportunities.write, [opportunity(number, number % 3) for number in range(5)]),
    "executions": (executions.write, [trade(number, None if number % 2 else 12.5) for number in range(5)]),
    "alerts": (alerts.write, [alert(number) for number in range(5)]),
}


@pytest.mark.parametrize("channel", WRITERS)
def test_history_equals_the_published_messages(
    connection: psycopg.Connection, client: redis.Redis, channel: str
) -> None:
    write, rows = WRITERS[channel]
    with connection.transaction():
        write(connection, rows)
    outbox.drain(connection, client)
    messages = published(client, channel)
    assert len(messages) == 5
    everything = message_history.since(connection, channel, BEGIN - timedelta(days=9999), limit=9)
    assert sorted(everything) == sorted(messages)
    assert message_history.since(connection, channel, BEGIN + timedelta(days=9999), limit=9) == []
    assert len(message_history.since(connection, channel, BEGIN - timedelta(days=9999), limit=2)) == 2


def test_signals_are_without_outcome_and_suppressed_ones_are_left_out(
    connection: psycopg.Connection, client: redis.Redis
) -> None:
    emitted = signal(1, status="emitted", suppressed_reason=None)
    suppressed = signal(2, status="suppressed", suppressed_reason="cooldown")
    with connection.transaction():
        signals.write(connection, [emitted, suppressed])
        outcomes.write(connection, [outcome(1, 1.5)])
    outbox.drain(connection, client)
    assert message_history.since(connection, "signals", BEGIN, limit=9) == published(client, "signals")


def test_newest_messages_since_an_instant_in_order(connection: psycopg.Connection) -> None:
    with connection.transaction():
        alerts.write(connection, [alert(number) for number in range(6)])
    payloads = message_history.since(connection, "alerts", BEGIN + timedelta(hours=2), limit=3)
    assert [f'"number {number}"'.encode() in payload for number, payload in zip((3, 4, 5), payloads, strict=True)] == [
        True
    ] * 3


def test_performance_has_no_history(connection: psycopg.Connection) -> None:
    assert message_history.since(connection, "performance", BEGIN, limit=9) == []
