"""Micro-cache: responses that are slow to compute, cached for a few seconds and computed once at a time.

Requests that arrive while the same response is being computed wait for that computation (single flight);
those within the following seconds get its result, with its age. An exception is raised to every request
that waited, and is not cached.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import NamedTuple

from api.memory.lru_cache import LruCache
from api.rest.result import Result


class _Computation(NamedTuple):
    started_s: float
    task: asyncio.Task[Result]


class _Entry(NamedTuple):
    started_s: float
    result: Result


class MicroCache:
    """Results by request.

    Parameters
    ----------
    fresh_s
        Seconds for which a result is reused; with 0, only computations in progress are shared.
    steady_s
        Reads a monotonic clock, in seconds.
    """

    def __init__(self, fresh_s: float, steady_s: Callable[[], float]) -> None:
        self._fresh_s, self._steady_s = fresh_s, steady_s
        self._in_progress: dict[Hashable, _Computation] = {}
        self._entries: LruCache[_Entry] = LruCache()

    async def get(self, request: Hashable, compute: Callable[[], Awaitable[Result]]) -> tuple[Result, float]:
        """The result, and its age in seconds.

        Parameters
        ----------
        compute
            Makes the result if it is not cached; its body must be bytes.

        Raises
        ------
        Exception
            Whatever `compute` raised.
        """
        entry = self._entries.get(request)
        if entry is not None and self._steady_s() - entry.started_s < self._fresh_s:
            return entry.result, self._steady_s() - entry.started_s
        computation = self._in_progress.get(request) or self._start(request, compute)
        # Shielded, so that cancelling one of the waiting requests does not cancel it for the others.
        return await asyncio.shield(computation.task), self._steady_s() - computation.started_s

    def _start(self, request: Hashable, compute: Callable[[], Awaitable[Result]]) -> _Computation:
        async def run() -> Result:
            return await compute()

        computation = self._in_progress[request] = _Computation(self._steady_s(), asyncio.create_task(run()))
        computation.task.add_done_callback(lambda _: self._finish(request))
        return computation

    def _finish(self, request: Hashable) -> None:
        started_s, task = self._in_progress.pop(request)
        self._entries.discard(request)
        if self._fresh_s > 0 and not task.cancelled() and task.exception() is None:
            self._entries.put(request, _Entry(started_s, task.result()), len(task.result().body))
