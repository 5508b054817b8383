"""Shared: answers that were encoded once and hold for everybody who asks the same, until what they stand on changes."""

from collections.abc import Hashable
from datetime import datetime
from typing import Any, NamedTuple

from api.memory.bounded import Bounded
from api.rest.result import Result


class _Entry(NamedTuple):
    stamp: Any
    until: datetime
    answer: Result


class Shared:
    """Answers by what was asked; those that were not asked for longest go first."""

    def __init__(self) -> None:
        self._entries: Bounded[_Entry] = Bounded()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, asked: Hashable, stamp: Any, now: datetime) -> Result | None:
        """The answer, if it was made of the same `stamp` and still holds at `now`."""
        entry = self._entries.get(asked)
        if entry is None:
            return None
        if entry.stamp != stamp or now >= entry.until:
            self._entries.drop(asked)
            return None
        return entry.answer

    def keep(self, asked: Hashable, stamp: Any, until: datetime, answer: Result) -> None:
        """Keep an answer, whose body is bytes.

        Parameters
        ----------
        stamp
            Equal as long as what the answer was made of is the same.
        until
            When the answer will be another though nothing changed.
        """
        self._entries.keep(asked, _Entry(stamp, until, answer), len(answer.body))
