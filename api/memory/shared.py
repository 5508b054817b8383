"""Shared: answers that were encoded once and hold for everybody who asks the same, until what they stand on changes."""

from collections.abc import Hashable
from datetime import datetime
from typing import Any, Final, NamedTuple

from api.rest.answer import Answer

ANSWERS_MAX: Final = 512
BYTES_MAX: Final = 32 * 1024 * 1024
"""All bodies together; one that is larger than a quarter of it is not kept."""


class _Entry(NamedTuple):
    stamp: Any
    until: datetime
    answer: Answer


class Shared:
    """Answers by what was asked; those that were not asked for longest go first."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, _Entry] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, asked: Hashable, stamp: Any, now: datetime) -> Answer | None:
        """The answer, if it was made of the same `stamp` and still holds at `now`."""
        entry = self._entries.pop(asked, None)
        if entry is None:
            return None
        if entry.stamp != stamp or now >= entry.until:
            self._bytes -= len(entry.answer.body)
            return None
        self._entries[asked] = entry  # now the youngest
        return entry.answer

    def keep(self, asked: Hashable, stamp: Any, until: datetime, answer: Answer) -> None:
        """Keep an answer, whose body is bytes.

        Parameters
        ----------
        stamp
            Equal as long as what the answer was made of is the same.
        until
            When the answer will be another though nothing changed.
        """
        size = len(answer.body)
        if size > BYTES_MAX // 4:
            return
        old = self._entries.pop(asked, None)
        self._bytes += size - (0 if old is None else len(old.answer.body))
        self._entries[asked] = _Entry(stamp, until, answer)
        while len(self._entries) > ANSWERS_MAX or self._bytes > BYTES_MAX:
            self._bytes -= len(self._entries.pop(next(iter(self._entries))).answer.body)
