"""Micro-cache: answers that take Postgres a while, read once for all who ask the same at about the same time.

While an answer is read, whoever asks the same waits for that one reading; for some seconds after it they
are given what it gave, with its age. A reading that fails is a failure for all who waited, and is not kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import NamedTuple

from api.memory.bounded import Bounded
from api.rest.result import Result


class _Reading(NamedTuple):
    began_s: float
    task: asyncio.Task[Result]


class _Read(NamedTuple):
    began_s: float
    answer: Result


class MicroCache:
    """Answers by what was asked.

    Parameters
    ----------
    fresh_s
        Seconds for which an answer is given again; 0 still shares a reading that is under way.
    steady_s
        Reads a clock that only goes forward, in seconds.
    """

    def __init__(self, fresh_s: float, steady_s: Callable[[], float]) -> None:
        self._fresh_s, self._steady_s = fresh_s, steady_s
        self._readings: dict[Hashable, _Reading] = {}
        self._answers: Bounded[_Read] = Bounded()

    async def get(self, asked: Hashable, read: Callable[[], Awaitable[Result]]) -> tuple[Result, float]:
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
        known = self._answers.get(asked)
        if known is not None and self._steady_s() - known.began_s < self._fresh_s:
            return known.answer, self._steady_s() - known.began_s
        reading = self._readings.get(asked) or self._begin(asked, read)
        # Shielded: that one of them goes away must not end it for the others.
        return await asyncio.shield(reading.task), self._steady_s() - reading.began_s

    def _begin(self, asked: Hashable, read: Callable[[], Awaitable[Result]]) -> _Reading:
        async def reading() -> Result:
            return await read()

        begun = self._readings[asked] = _Reading(self._steady_s(), asyncio.create_task(reading()))
        begun.task.add_done_callback(lambda _: self._end(asked))
        return begun

    def _end(self, asked: Hashable) -> None:
        began_s, task = self._readings.pop(asked)
        self._answers.drop(asked)
        if self._fresh_s > 0 and not task.cancelled() and task.exception() is None:
            self._answers.keep(asked, _Read(began_s, task.result()), len(task.result().body))
