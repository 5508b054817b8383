"""Micro-cache: answers that take Postgres a while, read once for all who ask the same at about the same time.

While an answer is read, whoever asks the same waits for that one reading; for some seconds after it they
are given what it gave, with its age. A reading that fails is a failure for all who waited, and is not kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, NamedTuple

from api.rest.answer import Answer

ANSWERS_MAX: Final = 512


class _Entry(NamedTuple):
    began_s: float
    reading: asyncio.Task[Answer]


class MicroCache:
    """Answers by what was asked; those that were read longest ago go first.

    Parameters
    ----------
    fresh_s
        Seconds for which an answer is given again; 0 still shares a reading that is under way.
    steady_s
        Reads a clock that only goes forward, in seconds.
    """

    def __init__(self, fresh_s: float, steady_s: Callable[[], float]) -> None:
        self._fresh_s, self._steady_s = fresh_s, steady_s
        self._entries: dict[Hashable, _Entry] = {}

    async def get(self, asked: Hashable, read: Callable[[], Awaitable[Answer]]) -> tuple[Answer, float]:
        """The answer, and its age in seconds.

        Parameters
        ----------
        read
            Makes it anew, if need be; its body is bytes.

        Raises
        ------
        Exception
            Whatever `read` raised.
        """
        entry = self._entries.get(asked)
        if entry is None or (entry.reading.done() and self._steady_s() - entry.began_s >= self._fresh_s):
            entry = self._begin(asked, read)
        # Shielded: that one of them goes away must not end it for the others.
        return await asyncio.shield(entry.reading), self._steady_s() - entry.began_s

    def _begin(self, asked: Hashable, read: Callable[[], Awaitable[Answer]]) -> _Entry:
        async def reading() -> Answer:
            return await read()

        entry = _Entry(self._steady_s(), asyncio.create_task(reading()))
        entry.reading.add_done_callback(lambda task: self._ended(asked, task))
        self._entries.pop(asked, None)
        self._entries[asked] = entry
        while len(self._entries) > ANSWERS_MAX:
            self._entries.pop(next(iter(self._entries)))
        return entry

    def _ended(self, asked: Hashable, task: asyncio.Task[Answer]) -> None:
        failed = task.cancelled() or task.exception() is not None
        entry = self._entries.get(asked)
        if failed and entry is not None and entry.reading is task:
            del self._entries[asked]
