"""Scribe and courier with a real Postgres, a real Valkey and a real receiver."""

import time
from pathlib import Path

import msgspec
import psycopg
import pytest
import redis

from flows.alerts import breaker, service
from store import feed
from tests.flows.alerts.receiver import Receiver, receiver, verified
from tests.flows.alerts.telling import HOOK, SECRET, SETTINGS, Telling, began, publish, statuses
from tests.until import until

pytestmark = pytest.mark.usefixtures("in_a_hurry")


def test_what_is_announced_from_now_on_is_told_signed_and_once(
    inbox: Receiver, telling: Telling, connection: psycopg.Connection, client: redis.Redis
) -> None:
    publish(client, 1)
    with telling({"desk": inbox.url}):
        until(lambda: began(connection))
        publish(client, 2, 3)
        publish(client, 4, channel="performance")
        publish(client, 5, channel="signals", symbol="BTCUSDT")
        until(lambda: [how for how, *_ in statuses(connection).values()] == ["delivered"] * 3)
    assert [got.said["seq"] for got in inbox.got] == [2, 3, 5]
    first = inbox.got[0]
    assert first.path == "/hook?from=signalengine"
    assert first.headers["content-type"] == "application/json"
    assert first.headers["idempotency-key"] == first.id
    assert abs(int(first.headers["webhook-timestamp"]) - time.time()) < 60
    assert all(verified(got, SECRET) for got in inbox.got)
    assert not verified(first._replace(body=first.body + b" "), SECRET)
    assert not verified(first, SECRET[::-1])
    assert first.said == {
        "type": "alerts",
        "seq": 2,
        "text": "WARNING: number 2",
        "data": {"id": "2", "level": "warning", "message": "number 2"},
    }
    assert len({got.id for got in inbox.got}) == 3


def test_failure_is_tried_again_under_the_same_id(
    inbox: Receiver, telling: Telling, connection: psycopg.Connection, client: redis.Redis
) -> None:
    inbox.answers.extend([500, 302, 404])
    with telling({"desk": inbox.url}):
        until(lambda: began(connection))
        publish(client, 1)
        until(lambda: statuses(connection).get(1) == ("delivered", 4, 204))
    assert len({got.id for got in inbox.got}) == 1
    assert all(verified(got, SECRET) for got in inbox.got)


def test_receiver_that_fails_is_left_alone_and_then_tried(
    inbox: Receiver, telling: Telling, connection: psycopg.Connection, client: redis.Redis
) -> None:
    inbox.answers.extend([503] * breaker.FAILURES)
    with telling({"desk": inbox.url}):
        until(lambda: began(connection))
        began_s = time.monotonic()
        publish(client, *range(1, 11))
        until(lambda: len(inbox.got) == breaker.FAILURES)
        until(lambda: {how for how, *_ in statuses(connection).values()} == {"delivered"})
        assert time.monotonic() - began_s >= 0.2, "it was left alone for a while"
        until(lambda: len(inbox.got) == 10 + breaker.FAILURES + 2)
    assert {got.said["seq"] for got in inbox.got} == {*range(1, 11), None}
    notices = [got.said["text"] for got in inbox.got if got.said["seq"] is None]
    assert notices == [
        "WARNING: The hook desk does not take what it is told (status 503); it is left alone for a while.",
        "INFO: The hook desk takes what it is told again.",
    ]


def test_receiver_that_is_gone_is_told_nothing_more(
    inbox: Receiver, telling: Telling, connection: psycopg.Connection, client: redis.Redis
) -> None:
    inbox.answers.append(410)
    with telling({"desk": inbox.url}):
        until(lambda: began(connection))
        publish(client, 1, 2)
        until(lambda: statuses(connection).get(1) == ("given_up", 1, 410))
    assert statuses(connection)[2] == ("waiting", 0, None)
    assert len(inbox.got) == 1


def test_slow_receiver_holds_up_itself_alone(
    inbox: Receiver, telling: Telling, connection: psycopg.Connection, client: redis.Redis
) -> None:
    hooks = (HOOK, msgspec.structs.replace(HOOK, name="other"))
    settings = msgspec.structs.replace(SETTINGS, hooks=hooks)
    with receiver() as slow:
        slow.held.clear()
        with telling({"desk": slow.url, "other": inbox.url}, settings):
            until(lambda: began(connection))
            publish(client, *range(1, 6))
            until(lambda: len(inbox.got) == 5)
            assert len(slow.got) == 1
            slow.held.set()
            until(lambda: len(slow.got) == 5)


def test_restart_goes_on_without_loss_and_repeats_under_the_same_id(
    inbox: Receiver, telling: Telling, connection: psycopg.Connection, client: redis.Redis
) -> None:
    with telling({"desk": "http://127.0.0.1:9/"}):
        until(lambda: began(connection))
        publish(client, 1, 2)
        until(lambda: {attempts > 0 for _, attempts, _ in statuses(connection).values()} == {True})
    publish(client, 3)  # while nobody listens
    inbox.answers.append(500)
    ids: dict[int, str] = dict(connection.execute("SELECT seq, id FROM webhook_deliveries").fetchall())
    with telling({"desk": inbox.url}):
        until(lambda: [how for how, *_ in statuses(connection).values()] == ["delivered"] * 3)
    assert {got.said["seq"] for got in inbox.got} == {1, 2, 3}
    assert len({got.id for got in inbox.got}) == 3
    assert ids.items() <= {got.said["seq"]: got.id for got in inbox.got}.items()


def test_feed_that_is_read_again_makes_no_new_deliveries(
    inbox: Receiver, telling: Telling, connection: psycopg.Connection, client: redis.Redis
) -> None:
    with telling({"desk": inbox.url}):
        until(lambda: began(connection))
        publish(client, 1, 2)
        until(lambda: len(inbox.got) == 2)
    connection.execute("UPDATE webhook_positions SET seq = 0")
    with telling({"desk": inbox.url}):
        until(
            lambda: connection.execute("SELECT seq FROM webhook_positions WHERE channel = 'alerts'").fetchone() == (2,)
        )
        publish(client, 3)
        until(lambda: len(inbox.got) == 3)
    assert [got.said["seq"] for got in inbox.got] == [1, 2, 3]


def test_of_two_one_works_and_the_other_takes_over(
    inbox: Receiver, telling: Telling, connection: psycopg.Connection, client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(service, "PAUSE_S", 0.05)
    with telling({"desk": inbox.url}):
        with telling({"desk": inbox.url}):
            until(lambda: began(connection))
            publish(client, *range(1, 6))
            until(lambda: len(inbox.got) == 5)
        publish(client, 6)
        until(lambda: len(inbox.got) == 6)
    assert len({got.id for got in inbox.got}) == 6


def test_nonsense_in_the_feed_is_passed_over(
    inbox: Receiver, telling: Telling, connection: psycopg.Connection, client: redis.Redis
) -> None:
    with telling({"desk": inbox.url}):
        until(lambda: began(connection))
        feed.publish(client, "alerts", [(1, b"{"), (2, b"\xff"), (3, b"[]"), (4, b"null"), (5, b"7")])
        publish(client, 6)
        until(lambda: len(inbox.got) == 1)
    assert inbox.got[0].said["seq"] == 6


def test_hook_to_a_private_address_reaches_nobody(
    inbox: Receiver, telling: Telling, connection: psycopg.Connection, client: redis.Redis
) -> None:
    with telling({"desk": inbox.url}, msgspec.structs.replace(SETTINGS, private_networks=())):
        until(lambda: began(connection))
        publish(client, 1)
        until(lambda: statuses(connection).get(1, ("", 0, 0))[1] > 0)
    assert inbox.got == []
    (error,) = connection.execute("SELECT last_error FROM webhook_deliveries").fetchone() or ("",)
    assert "127.0.0.1 is not public" in error


def test_nothing_secret_is_logged(
    inbox: Receiver, telling: Telling, connection: psycopg.Connection, client: redis.Redis,
    caplog: pytest.LogCaptureFixture, tmp_path: Path,
) -> None:  # fmt: skip
    inbox.answers.append(500)
    with telling({"desk": inbox.url.replace("/hook", "/bot-token-1234"), "gone": "http://127.0.0.1:9/bot-token-1234"}):
        until(lambda: began(connection))
        publish(client, 1)
        until(lambda: statuses(connection).get(1) == ("delivered", 2, 204))
    assert "delivery_failed hook=desk" in caplog.text
    assert "token-1234" not in caplog.text
    assert SECRET.decode() not in caplog.text
