"""What the audit log records, for how long, and how it behaves while Postgres is unavailable."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

from api.security.audit import BUFFERED_MAX, AuditLog
from domain.clock import SECOND, from_datetime, to_datetime
from store import audit_log, opportunities
from store.audit_log import AuditEntry
from store.postgres import async_pool, connect
from tests.api.conftest import Api
from tests.opportunities import opportunity
from tests.until import until

NOW_NS = from_datetime(opportunity(1).opened_at) + SECOND


@asynccontextmanager
async def open_audit_log(url: str, retention_days: int = 365) -> AsyncIterator[AuditLog]:
    pool = async_pool(url, max_size=1)
    await pool.open()
    try:
        yield AuditLog(pool, lambda: NOW_NS, retention_days)
    finally:
        await pool.close()


def record(audit: AuditLog, target: str) -> None:
    audit.record("execute", actor="key:1", target=target, address="::1", request_id="r")


def objects(connection: psycopg.Connection) -> list[str]:
    return [entry.object for entry in reversed(audit_log.read(connection, limit=2 * BUFFERED_MAX))]


def test_execution_is_recorded_with_its_target(serve: Callable[..., Api]) -> None:
    api = serve(now_ns=lambda: NOW_NS)
    opportunities.write(api.connection, [opportunity(1, simulated=False)])
    content = {"opportunity_id": opportunity(1).id, "revision": 0}
    headers = {"Idempotency-Key": "key-1", "X-Request-ID": "trace-1"}
    assert api.http.post("/api/v1/arbitrage/execute", json=content, headers=headers).status_code == 201
    (entry,) = until(lambda: audit_log.read(api.connection))
    assert entry == AuditEntry(
        at=to_datetime(NOW_NS),
        action="execute",
        actor="local",
        object=opportunity(1).id,
        address="127.0.0.1",
        request_id="trace-1",
    )


def test_expired_entries_are_deleted_at_the_start(serve: Callable[..., Api], database_url: str) -> None:
    with connect(database_url) as connection:
        now = to_datetime(NOW_NS)
        ages = (366, 364)
        audit_log.write(
            connection,
            [AuditEntry(at=now - timedelta(days=days), action="x", actor="", object=str(days)) for days in ages],
        )
        serve(now_ns=lambda: NOW_NS)
        until(lambda: objects(connection) == ["364"])


def test_of_entries_that_cannot_be_written_the_newest_are_kept_in_order(database_url: str) -> None:
    async def scenario() -> None:
        async with open_audit_log(database_url) as audit:
            for number in range(BUFFERED_MAX):
                record(audit, f"before {number}")
            connection.execute("ALTER TABLE audit_log RENAME TO moved")
            flushing = asyncio.create_task(audit.flush())
            await asyncio.sleep(0)
            record(audit, "meanwhile")
            await flushing
            record(audit, "after")
            connection.execute("ALTER TABLE moved RENAME TO audit_log")
            await audit.flush()
            await audit.flush()

    with connect(database_url) as connection:
        asyncio.run(scenario())
        written = objects(connection)
        assert len(written) == BUFFERED_MAX
        assert written[0] == "before 2"
        assert written[-2:] == ["meanwhile", "after"]


def test_entries_survive_a_cancelled_flush(database_url: str) -> None:
    async def scenario() -> None:
        async with open_audit_log(database_url) as audit:
            record(audit, "x")
            flushing = asyncio.create_task(audit.flush())
            await asyncio.sleep(0)
            flushing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await flushing
            await audit.flush()

    with connect(database_url) as connection:
        asyncio.run(scenario())
        assert objects(connection) == ["x"]
