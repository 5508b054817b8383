"""LRU cache: values by key, bounded in number and in bytes; the least recently used are evicted first."""

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

V = TypeVar("V")

ENTRIES_MAX: Final = 512
BYTES_MAX: Final = 32 * 1024 * 1024
"""Of all values together; one larger than a quarter of it is not stored."""


class LruCache(Generic[V]):
    """Values, each stored with its size in bytes."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[V, int]] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable) -> V | None:
        """The value stored under `key`, which becomes the most recently used."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return None
        self._entries[key] = entry  # the end of the dict is the most recently used
        return entry[0]

    def put(self, key: Hashable, value: V, size: int) -> None:
        """Store a value of `size` bytes, replacing the one stored under `key`."""
        self.discard(key)
        if size > BYTES_MAX // 4:
            return
        self._entries[key] = (value, size)
        self._bytes += size
        while len(self._entries) > ENTRIES_MAX or self._bytes > BYTES_MAX:
            self.discard(next(iter(self._entries)))

    def discard(self, key: Hashable) -> None:
        """Remove the value stored under `key`, if there is one."""
        _, size = self._entries.pop(key, (None, 0))
        self._bytes -= size
