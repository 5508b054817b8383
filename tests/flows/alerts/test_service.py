"""The whole service with a real Postgres, a real Valkey and a real receiver."""

import time
from pathlib import Path

import msgspec
import psycopg
import pytest
import redis

from flows.alerts import circuit_breaker, service
from store import feed
from tests.flows.alerts.receiver import Receiver, is_signed, receiver
from tests.flows.alerts.running_service import HOOK, SECRET, SETTINGS, RunService, has_started, publish, statuses
from tests.until import until

pytestmark = pytest.mark.usefixtures("short_delays")


def test_new_messages_are_delivered_once_and_signed(
    inbox: Receiver, run_service: RunService, connection: psycopg.Connection, client: redis.Redis
) -> None:
    publish(client, 1)
    with run_service({"desk": inbox.url}):
        until(lambda: has_started(connection))
        publish(client, 2, 3)
        publish(client, 4, channel="performance")
        publish(client, 5, channel="signals", symbol="BTCUSDT")
        until(lambda: [status for status, *_ in statuses(connection).values()] == ["delivered"] * 3)
    assert [request.json["seq"] for request in inbox.requests] == [2, 3, 5]
    first = inbox.requests[0]
    assert first.path == "/hook?from=signalengine"
    assert first.headers["content-type"] == "application/json"
    assert first.headers["idempotency-key"] == first.id
    assert abs(int(first.headers["webhook-timestamp"]) - time.time()) < 60
    assert all(is_signed(request, SECRET) for request in inbox.requests)
    assert not is_signed(first._replace(body=first.body + b" "), SECRET)
    assert not is_signed(first, SECRET[::-1])
    assert first.json == {
        "type": "alerts",
        "seq": 2,
        "text": "WARNING: number 2",
        "data": {"id": "2", "level": "warning", "message": "number 2"},
    }
    assert len({request.id for request in inbox.requests}) == 3


def test_failed_delivery_is_retried_with_the_same_id(
    inbox: Receiver, run_service: RunService, connection: psycopg.Connection, client: redis.Redis
) -> None:
    inbox.responses.extend([500, 302, 404])
    with run_service({"desk": inbox.url}):
        until(lambda: has_started(connection))
        publish(client, 1)
        until(lambda: statuses(connection).get(1) == ("delivered", 4, 204))
    assert len({request.id for request in inbox.requests}) == 1
    assert all(is_signed(request, SECRET) for request in inbox.requests)


def test_failing_receiver_is_paused_and_retried(
    inbox: Receiver, run_service: RunService, connection: psycopg.Connection, client: redis.Redis
) -> None:
    inbox.responses.extend([503] * circuit_breaker.FAILURE_THRESHOLD)
    with run_service({"desk": inbox.url}):
        until(lambda: has_started(connection))
        began_s = time.monotonic()
        publish(client, *range(1, 11))
        until(lambda: len(inbox.requests) == circuit_breaker.FAILURE_THRESHOLD)
        until(lambda: {status for status, *_ in statuses(connection).values()} == {"delivered"})
        assert time.monotonic() - began_s >= 0.2, "deliveries were paused"
        until(lambda: len(inbox.requests) == 10 + circuit_breaker.FAILURE_THRESHOLD + 2)
    assert {request.json["seq"] for request in inbox.requests} == {*range(1, 11), None}
    notices = [request.json["text"] for request in inbox.requests if request.json["seq"] is None]
    assert notices == [
        "WARNING: Hook desk keeps failing (status 503); deliveries to it are paused and retried later.",
        "INFO: Hook desk accepts deliveries again.",
    ]


def test_receiver_that_is_gone_gets_nothing_more(
    inbox: Receiver, run_service: RunService, connection: psycopg.Connection, client: redis.Redis
) -> None:
    inbox.responses.append(410)
    with run_service({"desk": inbox.url}):
        until(lambda: has_started(connection))
        publish(client, 1, 2)
        until(lambda: statuses(connection).get(1) == ("given_up", 1, 410))
    assert statuses(connection)[2] == ("waiting", 0, None)
    assert len(inbox.requests) == 1


def test_slow_receiver_delays_only_itself(
    inbox: Receiver, run_service: RunService, connection: psycopg.Connection, client: redis.Redis
) -> None:
    hooks = (HOOK, msgspec.structs.replace(HOOK, name="other"))
    settings = msgspec.structs.replace(SETTINGS, hooks=hooks)
    with receiver() as slow:
        slow.proceed.clear()
        with run_service({"desk": slow.url, "other": inbox.url}, settings):
            until(lambda: has_started(connection))
            publish(client, *range(1, 6))
            until(lambda: len(inbox.requests) == 5)
            assert len(slow.requests) == 1
            slow.proceed.set()
            until(lambda: len(slow.requests) == 5)


def test_restart_loses_nothing_and_repeats_with_the_same_id(
    inbox: Receiver, run_service: RunService, connection: psycopg.Connection, client: redis.Redis
) -> None:
    with run_service({"desk": "http://127.0.0.1:9/"}):
        until(lambda: has_started(connection))
        publish(client, 1, 2)
        until(lambda: {attempts > 0 for _, attempts, _ in statuses(connection).values()} == {True})
    publish(client, 3)  # while the service is stopped
    inbox.responses.append(500)
    ids: dict[int, str] = dict(connection.execute("SELECT seq, id FROM webhook_deliveries").fetchall())
    with run_service({"desk": inbox.url}):
        until(lambda: [status for status, *_ in statuses(connection).values()] == ["delivered"] * 3)
    assert {request.json["seq"] for request in inbox.requests} == {1, 2, 3}
    assert len({request.id for request in inbox.requests}) == 3
    assert ids.items() <= {request.json["seq"]: request.id for request in inbox.requests}.items()


def test_reading_the_feed_again_creates_no_deliveries(
    inbox: Receiver, run_service: RunService, connection: psycopg.Connection, client: redis.Redis
) -> None:
    with run_service({"desk": inbox.url}):
        until(lambda: has_started(connection))
        publish(client, 1, 2)
        until(lambda: len(inbox.requests) == 2)
    connection.execute("UPDATE webhook_positions SET seq = 0")
    with run_service({"desk": inbox.url}):
        until(
            lambda: connection.execute("SELECT seq FROM webhook_positions WHERE channel = 'alerts'").fetchone() == (2,)
        )
        publish(client, 3)
        until(lambda: len(inbox.requests) == 3)
    assert [request.json["seq"] for request in inbox.requests] == [1, 2, 3]


def test_of_two_processes_one_is_active_and_the_other_takes_over(
    inbox: Receiver, run_service: RunService, connection: psycopg.Connection, client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(service, "RETRY_S", 0.05)
    with run_service({"desk": inbox.url}):
        with run_service({"desk": inbox.url}):
            until(lambda: has_started(connection))
            publish(client, *range(1, 6))
            until(lambda: len(inbox.requests) == 5)
        publish(client, 6)
        until(lambda: len(inbox.requests) == 6)
    assert len({request.id for request in inbox.requests}) == 6


def test_invalid_entries_of_the_feed_are_skipped(
    inbox: Receiver, run_service: RunService, connection: psycopg.Connection, client: redis.Redis
) -> None:
    with run_service({"desk": inbox.url}):
        until(lambda: has_started(connection))
        feed.publish(client, "alerts", [(1, b"{"), (2, b"\xff"), (3, b"[]"), (4, b"null"), (5, b"7")])
        publish(client, 6)
        until(lambda: len(inbox.requests) == 1)
    assert inbox.requests[0].json["seq"] == 6


def test_private_address_is_not_reached(
    inbox: Receiver, run_service: RunService, connection: psycopg.Connection, client: redis.Redis
) -> None:
    with run_service({"desk": inbox.url}, msgspec.structs.replace(SETTINGS, private_networks=())):
        until(lambda: has_started(connection))
        publish(client, 1)
        until(lambda: statuses(connection).get(1, ("", 0, 0))[1] > 0)
    assert inbox.requests == []
    (error,) = connection.execute("SELECT last_error FROM webhook_deliveries").fetchone() or ("",)
    assert "127.0.0.1 is not public" in error


def test_secrets_are_not_logged(
    inbox: Receiver, run_service: RunService, connection: psycopg.Connection, client: redis.Redis,
    caplog: pytest.LogCaptureFixture, tmp_path: Path,
) -> None:  # fmt: skip
    inbox.responses.append(500)
    with run_service(
        {"desk": inbox.url.replace("/hook", "/bot-token-1234"), "gone": "http://127.0.0.1:9/bot-token-1234"}
    ):
        until(lambda: has_started(connection))
        publish(client, 1)
        until(lambda: statuses(connection).get(1) == ("delivered", 2, 204))
    assert "delivery_failed hook=desk" in caplog.text
    assert "token-1234" not in caplog.text
    assert SECRET.decode() not in caplog.text
