"""Scribe and courier with a real Postgres, a real Valkey and a real receiver."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import psycopg
import pytest
import redis

from flows.alerts import breaker, service
from flows.alerts.settings import AlertSettings, Hook, Target
from store import feed, status, webhooks
from store.webhooks import Delivery
from tests.flows.alerts.authority import Authority
from tests.flows.alerts.receiver import Receiver, receiver, verified

SECRET = b"0123456789abcdef0123456789abcdef"
HOOK = Hook(name="desk", url="-", secret_variable="-", channels=("signals", "alerts"))
SETTINGS = AlertSettings(hooks=(HOOK,), private_networks=("127.0.0.0/8",), timeout_s=5.0)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are short here; what they are made of is tested with the breaker."""
    monkeypatch.setattr(breaker, "WAIT_S_FIRST", 0.02)
    monkeypatch.setattr(breaker, "PAUSE_S_FIRST", 0.2)


def until(is_so: Callable[[], Any], within_s: float = 8) -> Any:
    deadline = time.monotonic() + within_s
    while not (found := is_so()):
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.01)
    return found


Telling = Callable[..., Any]


@contextmanager
def running(
    database_url: str, redis_url: str, targets: dict[str, str], settings: AlertSettings = SETTINGS
) -> Iterator[None]:
    """Runs the service while it is entered; a target that is no hook of `settings` is one like `HOOK`."""
    known = {hook.name: hook for hook in settings.hooks}
    hooks = tuple(known.get(name, msgspec.structs.replace(HOOK, name=name)) for name in targets)
    stopping = threading.Event()
    telling = service.Service(
        msgspec.structs.replace(settings, hooks=hooks),
        {name: Target(url=url, keys=(SECRET,)) for name, url in targets.items()},
        now_ns=time.time_ns,
        steady_s=time.monotonic,
        random=Random(1),
        stopping=stopping,
    )
    thread = threading.Thread(target=telling.run, args=(database_url, redis_url))
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def telling(database_url: str, clean_redis_url: str) -> Telling:
    """Runs the service while it is entered."""
    return partial(running, database_url, clean_redis_url)


def publish(client: redis.Redis, *seqs: int, channel: str = "alerts", **fields: Any) -> None:
    entries = [
        (seq, json.dumps({"id": str(seq), "level": "warning", "message": f"number {seq}", **fields}).encode())
        for seq in seqs
    ]
    assert feed.publish(client, channel, entries) == len(seqs)


def began(connection: psycopg.Connection) -> bool:
    """Whether the scribe has taken its place in the feed."""
    return bool(connection.execute("SELECT 1 FROM webhook_positions").fetchone())


def statuses(connection: psycopg.Connection, hook: str = "desk") -> dict[int, tuple[str, int, int | None]]:
    """Of what came by the feed."""
    rows = connection.execute(
        "SELECT seq, status, attempts, last_status FROM webhook_deliveries WHERE hook = %s AND seq > 0 ORDER BY seq",
        (hook,),
    )
    return {seq: (how, attempts, last) for seq, how, attempts, last in rows.fetchall()}


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


def test_it_tells_by_tls_whom_an_authority_vouches_for(
    telling: Telling,
    connection: psycopg.Connection,
    client: redis.Redis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "other").mkdir()
    ours, theirs = Authority(tmp_path), Authority(tmp_path / "other")
    monkeypatch.setenv("SSL_CERT_FILE", str(ours.file))
    with receiver(ours.server("127.0.0.1")) as known, receiver(theirs.server("127.0.0.1")) as stranger:
        with telling({"desk": known.url, "other": stranger.url}):
            until(lambda: began(connection))
            publish(client, 1)
            until(lambda: statuses(connection).get(1) == ("delivered", 1, 204))
            until(lambda: statuses(connection, "other")[1][1] > 0)
        assert [verified(got, SECRET) for got in known.got if got.said["seq"]] == [True]
        assert stranger.got == []
    rows = connection.execute(
        "SELECT DISTINCT last_error FROM webhook_deliveries WHERE hook = 'other' AND attempts > 0"
    )
    ((error,),) = rows.fetchall()
    assert "certificate verify failed" in error


def test_without_redis_what_waits_is_told_all_the_same(
    inbox: Receiver, connection: psycopg.Connection, client: redis.Redis, database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(service, "PAUSE_S", 0.05)
    waiting = Delivery(id="msg_1", hook="desk", channel="alerts", seq=1, body="{}", created_at=datetime.now(UTC))
    webhooks.write(connection, [waiting], {})
    with running(database_url, "redis://127.0.0.1:9/0", {"desk": inbox.url}):
        until(lambda: statuses(connection).get(1) == ("delivered", 1, 204))


def test_connection_that_is_cut_is_made_again(
    inbox: Receiver, telling: Telling, connection: psycopg.Connection, client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(service, "PAUSE_S", 0.05)
    with telling({"desk": inbox.url}):
        until(lambda: began(connection))
        inbox.held.clear()
        publish(client, 1)
        until(lambda: len(inbox.got) == 1)
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        inbox.held.set()
        publish(client, 2)
        until(lambda: [how for how, *_ in statuses(connection).values()] == ["delivered"] * 2)
    assert [got.said["seq"] for got in inbox.got] == [1, 2], "what came of the first is written down later"


def test_metrics_are_put_where_the_api_finds_them(
    inbox: Receiver, telling: Telling, connection: psycopg.Connection, client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(service, "METRICS_S", 0.05)
    inbox.answers.append(500)
    with telling({"desk": inbox.url}):
        until(lambda: began(connection))
        publish(client, 1)
        shown = 'alerts_deliveries_total{{hook="desk",outcome="{}"}} 1.0\n'.format
        for outcome in ("failed", "delivered"):
            until(partial(told, client, shown(outcome)))


def told(client: redis.Redis, line: str) -> bool:
    """Whether the API would show a line."""
    return line in (status.get_text(client, service.METRICS) or "")
