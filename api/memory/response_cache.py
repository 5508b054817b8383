"""Response cache: responses encoded once and sent to every client that asks for the same, until their data changes."""

from collections.abc import Hashable
from datetime import datetime
from typing import Any, NamedTuple

from api.memory.lru_cache import LruCache
from api.rest.result import Result


class _Entry(NamedTuple):
    version: Any
    expires_at: datetime
    result: Result


class ResponseCache:
    """Results by request; the least recently used are evicted first."""

    def __init__(self) -> None:
        self._entries: LruCache[_Entry] = LruCache()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, request: Hashable, version: Any, now: datetime) -> Result | None:
        """The result, if it was made from data of this `version` and has not expired at `now`."""
        entry = self._entries.get(request)
        if entry is None:
            return None
        if entry.version != version or now >= entry.expires_at:
            self._entries.discard(request)
            return None
        return entry.result

    def put(self, request: Hashable, version: Any, expires_at: datetime, result: Result) -> None:
        """Store a result whose body is bytes.

        Parameters
        ----------
        version
            Of the data that the result was made from; equal as long as the data is the same.
        expires_at
            When the result changes although its data does not.
        """
        self._entries.put(request, _Entry(version, expires_at, result), len(result.body))
