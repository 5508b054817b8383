"""What the service does when the other side, or a service of ours, is not as it should be."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg
import pytest
import redis

from flows.alerts import service
from store import status, webhooks
from store.webhooks import Delivery
from tests.flows.alerts.authority import Authority
from tests.flows.alerts.receiver import Receiver, receiver, verified
from tests.flows.alerts.telling import SECRET, Telling, began, publish, running, statuses
from tests.until import until

pytestmark = pytest.mark.usefixtures("in_a_hurry")


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
