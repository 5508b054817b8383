"""Standing: what each strategy earned so far, kept for some seconds, so that lists of signals need not ask."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from api.track_record import PerformanceMetrics, of_signal_type
from store import graded, trade_days
from store.postgres import Pool

FRESH_S: Final = 5.0


class Known(NamedTuple):
    """What is known of the past.

    Attributes
    ----------
    by_signal_type
        Figures of every strategy that traded.
    base_rate
        Share of emitted signals that won, with one win and one loss added, so that it is never 0 or 1.
    """

    by_signal_type: Mapping[str, PerformanceMetrics]
    base_rate: float


class Standing:
    """Reads what is known at most every `FRESH_S`; while it is read anew, others get what was known before.

    Parameters
    ----------
    steady_s
        Reads a clock that only goes forward, in seconds.
    """

    def __init__(self, pool: Pool, steady_s: Callable[[], float]) -> None:
        self._pool, self._steady_s = pool, steady_s
        self._lock = asyncio.Lock()
        self._known: Known | None = None
        self._stale_s = 0.0

    async def known(self) -> Known:
        """What is known, a few seconds old at most.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached in time.
        """
        if self._known is not None and (self._steady_s() < self._stale_s or self._lock.locked()):
            return self._known
        async with self._lock:
            if self._known is None or self._steady_s() >= self._stale_s:
                self._known = await self._read()
                self._stale_s = self._steady_s() + FRESH_S
            return self._known

    async def _read(self) -> Known:
        parts = await trade_days.read(self._pool, ["signal_type"])
        ended = await graded.outcomes(self._pool, status="emitted")
        return Known(
            {part.name: of_signal_type(part.name, part) for part in parts}, (ended.wins + 1) / (ended.entered + 2)
        )
