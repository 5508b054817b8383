"""Standing: what each strategy earned so far, kept for some seconds, so that lists of signals need not ask."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import msgspec

from api.endpoints.track_record import PerformanceMetrics, of_signal_type
from domain.errors import ServiceError, SetupError
from store import graded, trade_days
from store.postgres import Pool

FRESH_S: Final = 5.0
TRUSTED_S: Final = 15.0
"""What is older is read before it is told."""
RETRY_S: Final = 1.0
"""How long Postgres is left alone after it could not be reached."""


class Known(NamedTuple):
    """What is known of the past.

    Attributes
    ----------
    by_signal_type
        Figures of every strategy that traded.
    base_rate
        Share of emitted signals that won, with one win and one loss added, so that it is never 0 or 1.
    encoded
        `by_signal_type` with the figures as JSON.
    read_s
        When it was read, by a clock that only goes forward.
    """

    by_signal_type: Mapping[str, PerformanceMetrics]
    base_rate: float
    encoded: Mapping[str, bytes]
    read_s: float


class Standing:
    """Reads what is known at most every `FRESH_S`; meanwhile, and while Postgres is away, what was known before stands.

    Parameters
    ----------
    steady_s
        Reads a clock that only goes forward, in seconds.
    """

    def __init__(self, pool: Pool, steady_s: Callable[[], float]) -> None:
        self._pool, self._steady_s = pool, steady_s
        self._known: Known | None = None
        self._reading: asyncio.Task[Known] | None = None
        self._due_s = 0.0
        self._failed = False

    async def known(self) -> Known:
        """What is known; older than `TRUSTED_S` only while Postgres is away.

        Raises
        ------
        ServiceError, SetupError
            If Postgres cannot be reached in time, and never could.
        """
        now_s = self._steady_s()
        if self._reading is None and (self._known is None or now_s >= self._due_s):
            self._reading = asyncio.create_task(self._read(now_s))
            self._reading.add_done_callback(self._read_ended)
        if self._known is not None and (self._failed or now_s - self._known.read_s < TRUSTED_S):
            return self._known
        assert self._reading is not None
        try:
            # Shielded: that one of those who wait goes away must not end it for the others.
            return await asyncio.shield(self._reading)
        except (ServiceError, SetupError):
            if self._known is None:
                raise
            return self._known

    def _read_ended(self, reading: asyncio.Task[Known]) -> None:
        self._reading = None
        self._failed = reading.cancelled() or reading.exception() is not None
        if not self._failed:
            self._known = reading.result()
        self._due_s = self._steady_s() + (RETRY_S if self._failed else FRESH_S)

    async def _read(self, began_s: float) -> Known:
        parts = await trade_days.read(self._pool, ["signal_type"])
        ended = await graded.outcomes(self._pool, status="emitted")
        figures = {part.name: of_signal_type(part.name, part) for part in parts}
        encoded = {name: msgspec.json.encode(each) for name, each in figures.items()}
        return Known(figures, (ended.wins + 1) / (ended.entered + 2), encoded, began_s)
