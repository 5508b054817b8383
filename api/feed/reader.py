"""Feed reader: the connection of this process to the streams in Redis, with proof of whether entries were lost.

Seqs have gaps by nature, so a gap between two seqs proves nothing. What proves that nothing was lost is that the last
entry a reader received is still in the stream: streams drop the oldest entries first, so then all later ones are there
as well. For a reader that has received none yet, the proof is that the stream never dropped any.
"""

from typing import NamedTuple

from store import feed, latest, status

ENGINE_METRICS = "metrics:engine"
ALERTS_METRICS = "metrics:alerts"
"""Keys under which the engine and the sender of alerts publish their metrics, in Prometheus' text format."""

Entry = tuple[int, bytes]


class Following(NamedTuple):
    """The entries of a stream after a seq.

    Attributes
    ----------
    entries
        Seq and payload, oldest first; not necessarily up to the newest.
    complete
        No entry between that seq and the first of them can be missing.
    """

    entries: list[Entry]
    complete: bool


class FeedReader:
    """A connection that is opened at the first use, and reopened when it breaks.

    Every method raises ServiceError if Redis cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self._redis = feed.connect_async(url)

    async def close(self) -> None:
        """Close the connection."""
        await self._redis.aclose()

    async def epoch(self) -> str:
        """The epoch of the streams; seqs of another epoch cannot be compared with theirs."""
        return await feed.epoch(self._redis)

    async def newest(self, channel: str) -> int:
        """The seq of the newest entry; 0 if there is none."""
        return await feed.head(self._redis, channel)

    async def last(self, channel: str, count: int) -> list[Entry]:
        """The last `count` entries, oldest first."""
        return await feed.tail(self._redis, channel, count)

    async def next(self, positions: dict[str, int], block_ms: int) -> list[tuple[str, int, bytes]]:
        """Channel, seq and payload of the entries after the seqs in `positions`; waits up to `block_ms` for one."""
        return await feed.read(self._redis, positions, block_ms=block_ms)

    async def has_all_after(self, channel: str, seq: int) -> bool:
        """Whether all entries after `seq` are still in the stream; 0 is before the first."""
        return await (feed.contains(self._redis, channel, seq) if seq else feed.is_complete(self._redis, channel))

    async def following(self, channel: str, seq: int) -> Following:
        """The entries after `seq`, and whether they are complete."""
        rows = await feed.read(self._redis, {channel: max(seq - 1, 0)}, block_ms=0)
        entries = [(entry_seq, payload) for _, entry_seq, payload in rows]
        complete = not entries or entries[0][0] <= seq + 1 or (not seq and await self.has_all_after(channel, 0))
        return Following([entry for entry in entries if entry[0] > seq], complete)

    async def features(self, symbol: str, timeframe: str) -> latest.FeatureRow | None:
        """The features of the newest closed bar; None if no bar closed lately."""
        return await latest.read(self._redis, symbol, timeframe)

    async def component_metrics(self) -> list[str]:
        """The metrics last published by the engine and by the sender of alerts; an empty text if one is not running."""
        return [await status.get_text_async(self._redis, key) or "" for key in (ENGINE_METRICS, ALERTS_METRICS)]
