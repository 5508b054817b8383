"""Performance cache: the performance of every strategy, cached for some seconds to keep signal lists fast."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import msgspec

from api.endpoints.performance_metrics import PerformanceMetrics, signal_type_metrics
from domain.errors import ServiceError, SetupError
from store import outcome_days, trade_days
from store.postgres import Pool

REFRESH_S: Final = 5.0
AGE_S_MAX: Final = 15.0
"""An older snapshot is refreshed before it is served."""
RETRY_S: Final = 1.0
"""Pause after Postgres could not be reached."""


class PerformanceSnapshot(NamedTuple):
    """Past performance, as read from Postgres at one time.

    Attributes
    ----------
    by_signal_type
        Metrics of every strategy that has traded.
    base_rate
        Share of emitted signals that won, with one win and one loss added, so that it is never 0 or 1.
    encoded
        `by_signal_type` with the metrics as JSON.
    read_s
        When it was read, by a monotonic clock.
    """

    by_signal_type: Mapping[str, PerformanceMetrics]
    base_rate: float
    encoded: Mapping[str, bytes]
    read_s: float


class PerformanceCache:
    """Queries Postgres at most every `REFRESH_S`; in between, and while Postgres is down, serves the last snapshot.

    Parameters
    ----------
    steady_s
        Reads a monotonic clock, in seconds.
    """

    def __init__(self, pool: Pool, steady_s: Callable[[], float]) -> None:
        self._pool, self._steady_s = pool, steady_s
        self._snapshot: PerformanceSnapshot | None = None
        self._refresh: asyncio.Task[PerformanceSnapshot] | None = None
        self._refresh_due_s = 0.0
        self._failed = False

    async def current(self) -> PerformanceSnapshot:
        """Return the current snapshot; it is older than `AGE_S_MAX` only while Postgres is down.

        Raises
        ------
        ServiceError, SetupError
            If Postgres cannot be reached in time and there is no earlier snapshot.
        """
        now_s = self._steady_s()
        if self._refresh is None and (self._snapshot is None or now_s >= self._refresh_due_s):
            self._refresh = asyncio.create_task(self._read(now_s))
            self._refresh.add_done_callback(self._refresh_done)
        if self._snapshot is not None and (self._failed or now_s - self._snapshot.read_s < AGE_S_MAX):
            return self._snapshot
        assert self._refresh is not None
        try:
            # Shielded: a cancelled request must not cancel the query for the others that wait for it.
            return await asyncio.shield(self._refresh)
        except (ServiceError, SetupError):
            if self._snapshot is None:
                raise
            return self._snapshot

    def _refresh_done(self, refresh: asyncio.Task[PerformanceSnapshot]) -> None:
        self._refresh = None
        self._failed = refresh.cancelled() or refresh.exception() is not None
        if not self._failed:
            self._snapshot = refresh.result()
        self._refresh_due_s = self._steady_s() + (RETRY_S if self._failed else REFRESH_S)

    async def _read(self, began_s: float) -> PerformanceSnapshot:
        parts = await trade_days.read(self._pool, ["signal_type"])
        outcomes = await outcome_days.outcomes(self._pool, status="emitted")
        metrics = {part.name: signal_type_metrics(part.name, part) for part in parts}
        encoded = {name: msgspec.json.encode(each) for name, each in metrics.items()}
        return PerformanceSnapshot(metrics, (outcomes.wins + 1) / (outcomes.entered + 2), encoded, began_s)
