"""Bounded: things by key, at most so many and so large in all; those that were not used for longest go first."""

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

V = TypeVar("V")

NUMBER_MAX: Final = 512
BYTES_MAX: Final = 32 * 1024 * 1024
"""Of all together; what is larger than a quarter of it is not kept."""


class Bounded(Generic[V]):
    """Things, each with its size in bytes."""

    def __init__(self) -> None:
        self._things: dict[Hashable, tuple[V, int]] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._things)

    def get(self, key: Hashable) -> V | None:
        """What is kept under that key."""
        found = self._things.pop(key, None)
        if found is None:
            return None
        self._things[key] = found  # now the youngest
        return found[0]

    def keep(self, key: Hashable, thing: V, size: int) -> None:
        """Keep a thing of that size, in the place of what had the key."""
        self.drop(key)
        if size > BYTES_MAX // 4:
            return
        self._things[key] = (thing, size)
        self._bytes += size
        while len(self._things) > NUMBER_MAX or self._bytes > BYTES_MAX:
            self.drop(next(iter(self._things)))

    def drop(self, key: Hashable) -> None:
        """Keep nothing under that key."""
        _, size = self._things.pop(key, (None, 0))
        self._bytes -= size
