"""The service while a receiver, Postgres or Redis fails."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg
import pytest
import redis

from flows.alerts import service
from store import status, webhooks
from store.webhooks import Delivery
from tests.flows.alerts.certificate_authority import CertificateAuthority
from tests.flows.alerts.receiver import Receiver, is_signed, receiver
from tests.flows.alerts.running_service import SECRET, RunService, has_started, publish, running, statuses
from tests.until import until

pytestmark = pytest.mark.usefixtures("short_delays")


def test_deliveries_over_tls_need_a_trusted_certificate(
    run_service: RunService,
    connection: psycopg.Connection,
    client: redis.Redis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "other").mkdir()
    known, unknown = CertificateAuthority(tmp_path), CertificateAuthority(tmp_path / "other")
    monkeypatch.setenv("SSL_CERT_FILE", str(known.file))
    with receiver(known.server("127.0.0.1")) as trusted, receiver(unknown.server("127.0.0.1")) as untrusted:
        with run_service({"desk": trusted.url, "other": untrusted.url}):
            until(lambda: has_started(connection))
            publish(client, 1)
            until(lambda: statuses(connection).get(1) == ("delivered", 1, 204))
            until(lambda: statuses(connection, "other")[1][1] > 0)
        assert [is_signed(request, SECRET) for request in trusted.requests if request.json["seq"]] == [True]
        assert untrusted.requests == []
    rows = connection.execute(
        "SELECT DISTINCT last_error FROM webhook_deliveries WHERE hook = 'other' AND attempts > 0"
    )
    ((error,),) = rows.fetchall()
    assert "certificate verify failed" in error


def test_waiting_deliveries_are_sent_without_redis(
    inbox: Receiver, connection: psycopg.Connection, client: redis.Redis, database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(service, "RETRY_S", 0.05)
    waiting = Delivery(id="msg_1", hook="desk", channel="alerts", seq=1, body="{}", created_at=datetime.now(UTC))
    webhooks.write(connection, [waiting], {})
    with running(database_url, "redis://127.0.0.1:9/0", {"desk": inbox.url}):
        until(lambda: statuses(connection).get(1) == ("delivered", 1, 204))


def test_lost_postgres_connection_is_reopened(
    inbox: Receiver, run_service: RunService, connection: psycopg.Connection, client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(service, "RETRY_S", 0.05)
    with run_service({"desk": inbox.url}):
        until(lambda: has_started(connection))
        inbox.proceed.clear()
        publish(client, 1)
        until(lambda: len(inbox.requests) == 1)
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        inbox.proceed.set()
        publish(client, 2)
        until(lambda: [status for status, *_ in statuses(connection).values()] == ["delivered"] * 2)
    assert [request.json["seq"] for request in inbox.requests] == [1, 2], "the result of the first is recorded later"


def test_metrics_are_stored_for_the_api(
    inbox: Receiver, run_service: RunService, connection: psycopg.Connection, client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(service, "METRICS_S", 0.05)
    inbox.responses.append(500)
    with run_service({"desk": inbox.url}):
        until(lambda: has_started(connection))
        publish(client, 1)
        line = 'alerts_deliveries_total{{hook="desk",outcome="{}"}} 1.0\n'.format
        for outcome in ("failed", "delivered"):
            until(partial(is_exported, client, line(outcome)))


def is_exported(client: redis.Redis, line: str) -> bool:
    """Whether the API would serve a line."""
    return line in (status.get_text(client, service.METRICS_KEY) or "")
