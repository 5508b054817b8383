"""Audit: who did what, and with which key; a line in the log at once, and a row in Postgres a second later.

While Postgres is away rows wait here, the newest `WAITING_MAX` of them; the log has the others.
"""

import logging
from collections import deque
from collections.abc import Callable
from datetime import timedelta

from domain.clock import to_datetime
from domain.errors import ServiceError, SetupError
from store import audit_log
from store.audit_log import FORGOTTEN_AT_ONCE, Deed
from store.postgres import Pool

log = logging.getLogger("audit")

WAITING_MAX = 10_000


class Audit:
    """What is written down.

    Parameters
    ----------
    pool
        Where to.
    now_ns
        Reads the time of day, in nanoseconds UTC.
    keep_days
        How long.
    """

    def __init__(self, pool: Pool, now_ns: Callable[[], int], keep_days: int) -> None:
        self._pool = pool
        self._kept = timedelta(days=keep_days)
        self._now_ns = now_ns
        self._waiting: deque[Deed] = deque(maxlen=WAITING_MAX)

    def tell(self, action: str, *, actor: str, what: str, address: str, request_id: str) -> None:
        """Write down that `actor` did `action` to `what`."""
        log.info("did action=%s actor=%s object=%s address=%s request=%s", action, actor, what, address, request_id)
        at = to_datetime(self._now_ns())
        self._waiting.append(
            Deed(at=at, action=action, actor=actor, object=what, address=address, request_id=request_id)
        )

    def refused(self, reason: str, *, address: str, who: str = "") -> None:
        """Note that somebody was not let in; only in the log, or strangers could fill the table."""
        log.warning("refused reason=%s address=%s%s", reason, address, f" actor={who}" if who else "")

    async def flush(self) -> None:
        """Put what waits into Postgres; if that cannot be done now, it waits on."""
        deeds = list(self._waiting)
        if not deeds:
            return
        self._waiting.clear()
        try:
            await audit_log.append(self._pool, deeds)
        except BaseException as problem:  # also who is stopped meanwhile: rather twice than never
            self._waiting = deque([*deeds, *self._waiting], WAITING_MAX)
            if not isinstance(problem, ServiceError | SetupError):
                raise
            log.warning("audit_waits rows=%d error=%s", len(deeds), problem)

    async def tidy(self) -> None:
        """Forget what is older than it has to be kept."""
        before = to_datetime(self._now_ns()) - self._kept
        try:
            while await audit_log.forget(self._pool, before=before) == FORGOTTEN_AT_ONCE:
                pass
        except (ServiceError, SetupError) as problem:
            log.warning("audit_not_tidied error=%s", problem)
