"""Feed reader: this process's line to the streams in Redis, with proof of whether anything was lost.

Seqs have holes by nature, so a hole says nothing. What can be proven is that the entry a reader had
last is still there: streams forget from the oldest on, so then all that follows is there as well. For a
reader that has had none yet it is that the stream never forgot any.
"""

from typing import NamedTuple

from store import feed, latest, status

ENGINE_METRICS = "metrics:engine"
ALERTS_METRICS = "metrics:alerts"
"""Where the engine, and who tells hooks, put their own metrics, as Prometheus' text, for us to show."""

Entry = tuple[int, bytes]


class Following(NamedTuple):
    """What a stream has after a seq.

    Attributes
    ----------
    entries
        Seq and payload, oldest first; not necessarily up to the newest.
    complete
        Nothing between that seq and the first of them can be missing.
    """

    entries: list[Entry]
    complete: bool


class FeedReader:
    """A connection that is made at the first use and made again when it breaks.

    Every method raises ServiceError if Redis cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self._redis = feed.connect_async(url)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._redis.aclose()

    async def epoch(self) -> str:
        """Which life of the streams this is; seqs of another one mean nothing."""
        return await feed.epoch(self._redis)

    async def newest(self, channel: str) -> int:
        """The seq of the newest entry; 0 if there is none."""
        return await feed.head(self._redis, channel)

    async def last(self, channel: str, count: int) -> list[Entry]:
        """The last `count` entries, oldest first."""
        return await feed.tail(self._redis, channel, count)

    async def next(self, positions: dict[str, int], block_ms: int) -> list[tuple[str, int, bytes]]:
        """Channel, seq and payload of what comes after the seqs in `positions`; waits up to `block_ms`."""
        return await feed.read(self._redis, positions, block_ms=block_ms)

    async def keeps(self, channel: str, seq: int) -> bool:
        """Whether all entries after `seq` are still there; 0 is before the first."""
        return await (feed.keeps(self._redis, channel, seq) if seq else feed.whole(self._redis, channel))

    async def following(self, channel: str, seq: int) -> Following:
        """What the stream has after `seq`, and whether that is all."""
        found = await feed.read(self._redis, {channel: max(seq - 1, 0)}, block_ms=0)
        entries = [(found_seq, payload) for _, found_seq, payload in found]
        complete = not entries or entries[0][0] <= seq + 1 or (not seq and await self.keeps(channel, 0))
        return Following([entry for entry in entries if entry[0] > seq], complete)

    async def features(self, symbol: str, timeframe: str) -> latest.FeatureRow | None:
        """The features of the newest closed bar; None if none closed lately."""
        return await latest.read(self._redis, symbol, timeframe)

    async def told_metrics(self) -> list[str]:
        """What the engine, and who tells hooks, last measured; empty of who does not run."""
        return [await status.get_text_async(self._redis, key) or "" for key in (ENGINE_METRICS, ALERTS_METRICS)]
