"""Audit log: who did what and with which key; logged at once, and written to Postgres within a second.

While Postgres is unavailable, entries are buffered in memory, the newest `BUFFERED_MAX` of them; all of them are in the
log.
"""

import logging
from collections import deque
from collections.abc import Callable
from datetime import timedelta

from domain.clock import to_datetime
from domain.errors import ServiceError, SetupError
from store import audit_log
from store.audit_log import DELETE_BATCH_ROWS, AuditEntry
from store.postgres import Pool

log = logging.getLogger("audit")

BUFFERED_MAX = 10_000


class AuditLog:
    """Buffers audit entries and writes them to Postgres.

    Parameters
    ----------
    pool
        Connections to Postgres.
    now_ns
        Reads the time of day, in nanoseconds UTC.
    retention_days
        Age in days at which entries are deleted.
    """

    def __init__(self, pool: Pool, now_ns: Callable[[], int], retention_days: int) -> None:
        self._pool = pool
        self._retention = timedelta(days=retention_days)
        self._now_ns = now_ns
        self._buffer: deque[AuditEntry] = deque(maxlen=BUFFERED_MAX)

    def record(self, action: str, *, actor: str, target: str, address: str, request_id: str) -> None:
        """Record that `actor` performed `action` on `target`."""
        log.info(
            "recorded action=%s actor=%s object=%s address=%s request=%s", action, actor, target, address, request_id
        )
        at = to_datetime(self._now_ns())
        self._buffer.append(
            AuditEntry(at=at, action=action, actor=actor, object=target, address=address, request_id=request_id)
        )

    def log_refusal(self, reason: str, *, address: str, actor: str = "") -> None:
        """Log a refused request; not written to Postgres, where unauthenticated clients could fill the table."""
        log.warning("auth_refused reason=%s address=%s%s", reason, address, f" actor={actor}" if actor else "")

    async def flush(self) -> None:
        """Write the buffered entries to Postgres; keep them if that fails."""
        entries = list(self._buffer)
        if not entries:
            return
        self._buffer.clear()
        try:
            await audit_log.append(self._pool, entries)
        except BaseException as problem:  # cancellation too: an entry written twice is better than one lost
            self._buffer = deque([*entries, *self._buffer], BUFFERED_MAX)
            if not isinstance(problem, ServiceError | SetupError):
                raise
            log.warning("audit_write_failed rows=%d error=%s", len(entries), problem)

    async def delete_expired(self) -> None:
        """Delete entries older than the retention period."""
        before = to_datetime(self._now_ns()) - self._retention
        try:
            while await audit_log.delete_before(self._pool, before) == DELETE_BATCH_ROWS:
                pass
        except (ServiceError, SetupError) as problem:
            log.warning("audit_cleanup_failed error=%s", problem)
