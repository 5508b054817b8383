"""The feed: what is announced, as streams that can be resumed and pub/sub channels that cannot.

A channel is the stream `feed:<name>`, and a pub/sub channel of the same name that carries the bare
payload. The id of an entry is the sequence number of its row in the outbox: it grows, not always by
one, and publishing a number again does nothing. Who reads remembers the number and misses nothing
that the stream still keeps. If Redis loses data, the epoch changes, and numbers of another epoch
promise nothing.
"""

from collections.abc import Sequence
from importlib.resources import files
from secrets import token_hex
from typing import Any, Final

import redis
import redis.asyncio

from store.redis_server import BLOCK_MS_MAX, connect, connect_async, reachable

__all__ = [
    "CHANNELS",
    "connect",
    "connect_async",
    "ends",
    "epoch",
    "epoch_of",
    "follow",
    "head",
    "keeps",
    "key",
    "last",
    "newest",
    "publish",
    "read",
    "renew_epoch",
    "tail",
    "whole",
]

CHANNELS: Final = ("signals", "composites", "arbitrage", "executions", "performance", "alerts")
KEEP: Final = 50_000
"""Entries a stream keeps, about; a signal takes 1.5 kB, so a full channel holds 75 MB."""
_EPOCH: Final = "feed:epoch"
_AT_ONCE: Final = 1_000  # entries in one Lua call, which lets nobody else in; and in one read
_SCRIPT: Final = files("store").joinpath("publish.lua").read_text("utf-8")


def key(channel: str) -> str:
    """The stream and pub/sub channel of `channel`."""
    return f"feed:{channel}"


def publish(client: redis.Redis, channel: str, entries: Sequence[tuple[int, bytes]], *, keep: int = KEEP) -> int:
    """Announce entries, in order.

    Parameters
    ----------
    entries
        Sequence number and payload; numbers grow.
    keep
        How many the stream keeps, about.

    Returns
    -------
    int
        How many were new.

    Raises
    ------
    ServiceError
        If Redis cannot be reached or is full. Any part may have been announced: publish all again.
    """
    script = client.register_script(_SCRIPT)
    fresh = 0
    with reachable():
        for start in range(0, len(entries), _AT_ONCE):
            some = entries[start : start + _AT_ONCE]
            words: list[Any] = [keep, *(word for seq, payload in some for word in (f"{seq}-0", payload))]
            fresh += script(keys=[key(channel)], args=words)
    return fresh


def newest(client: redis.Redis) -> int:
    """The highest sequence number on any channel; 0 if nothing was announced."""
    with reachable(), client.pipeline(transaction=False) as pipeline:
        for channel in CHANNELS:
            pipeline.xrevrange(key(channel), count=1)
        return max(map(_head, pipeline.execute()))


def renew_epoch(client: redis.Redis) -> None:
    """Tell every reader that entries were lost."""
    with reachable():
        client.set(_EPOCH, token_hex(8))


async def epoch(client: redis.asyncio.Redis) -> str:
    """The name of this life of the streams. It changes when Redis has lost data."""
    with reachable():
        await client.set(_EPOCH, token_hex(8), nx=True)
        name: Any = await client.get(_EPOCH)
    return str(name.decode())


def epoch_of(client: redis.Redis) -> str:
    """`epoch` for processes that wait for nothing else."""
    with reachable():
        client.set(_EPOCH, token_hex(8), nx=True)
        name: Any = client.get(_EPOCH)
    return str(name.decode())


async def read(
    client: redis.asyncio.Redis, positions: dict[str, int], *, block_ms: int
) -> list[tuple[str, int, bytes]]:
    """What came after the given positions, each channel in its order.

    Parameters
    ----------
    positions
        Channel to the last sequence number that was seen; 0 reads from the oldest entry.
    block_ms
        How long to wait if there is nothing; 0 does not wait. At most `BLOCK_MS_MAX`.

    Returns
    -------
    list of tuple
        Channel, sequence number and payload; at most 1,000 of each channel.
    """
    if not positions:
        return []
    names = {key(channel).encode(): channel for channel in positions}
    after: Any = {key(channel): f"{seq}-0" for channel, seq in positions.items()}
    with reachable():
        # BLOCK 0 would wait for ever.
        wait_ms = min(block_ms, BLOCK_MS_MAX) if block_ms > 0 else None
        streams: Any = await client.xread(after, count=_AT_ONCE, block=wait_ms)
    return [(names[name], *_entry(entry)) for name, entries in streams or () for entry in entries]


def follow(client: redis.Redis, positions: dict[str, int], *, block_ms: int) -> list[tuple[str, int, bytes]]:
    """`read` for processes that wait for nothing else."""
    names = {key(channel).encode(): channel for channel in positions}
    after: Any = {key(channel): f"{seq}-0" for channel, seq in positions.items()}
    with reachable():
        streams: Any = client.xread(after, count=_AT_ONCE, block=min(max(block_ms, 1), BLOCK_MS_MAX))
    return [(names[name], *_entry(entry)) for name, entries in streams or () for entry in entries]


def ends(client: redis.Redis, channel: str) -> tuple[int, int]:
    """The oldest and the newest sequence number that a channel keeps; 0 and 0 if it is empty."""
    with reachable(), client.pipeline(transaction=True) as pipeline:
        pipeline.xrange(key(channel), count=1)
        pipeline.xrevrange(key(channel), count=1)
        oldest, newest_entry = pipeline.execute()
    return _head(oldest), _head(newest_entry)


def last(client: redis.Redis, channel: str) -> tuple[int, bytes] | None:
    """Sequence number and payload of a channel's newest entry; None if it is empty."""
    with reachable():
        entries: Any = client.xrevrange(key(channel), count=1)
    return _entry(entries[0]) if entries else None


async def head(client: redis.asyncio.Redis, channel: str) -> int:
    """The newest sequence number of a channel; 0 if it is empty."""
    with reachable():
        return _head(await client.xrevrange(key(channel), count=1))


async def keeps(client: redis.asyncio.Redis, channel: str, seq: int) -> bool:
    """Whether an entry is still there. Streams forget from the oldest on, so then all that follow it are too."""
    with reachable():
        return bool(await client.xrange(key(channel), f"{seq}-0", f"{seq}-0", count=1))


async def whole(client: redis.asyncio.Redis, channel: str) -> bool:
    """Whether a stream still has every entry that was ever added to it.

    Servers before Redis 7 do not count what was added (`entries-added` of XINFO STREAM); there the answer is
    False for every stream that exists.
    """
    with reachable():
        if not await client.exists(key(channel)):
            return True
        found: Any = await client.xinfo_stream(key(channel))
    return bool(found.get("entries-added") == found["length"])


async def tail(client: redis.asyncio.Redis, channel: str, count: int) -> list[tuple[int, bytes]]:
    """The last `count` entries of a channel, oldest first."""
    with reachable():
        entries: Any = await client.xrevrange(key(channel), count=count)
    return [_entry(entry) for entry in reversed(entries)]


def _head(entries: Any) -> int:
    return _entry(entries[0])[0] if entries else 0


def _entry(entry: tuple[bytes, dict[bytes, bytes]]) -> tuple[int, bytes]:
    name, fields = entry
    return int(name.partition(b"-")[0]), fields.get(b"d", b"")  # who wrote another is told that it cannot be read
