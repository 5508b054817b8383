"""The feed: published messages, as Redis streams that readers can resume, and as pub/sub channels.

A channel is the stream `feed:<name>`, and a pub/sub channel of the same name that carries the payload alone. The id of
an entry is the sequence number of its row in the outbox: it increases, not always by one, and publishing a number again
has no effect. A reader that remembers the number misses nothing that the stream still holds. When Redis loses data the
epoch changes, and sequence numbers of another epoch are not comparable.
"""

from collections.abc import Sequence
from importlib.resources import files
from secrets import token_hex
from typing import Any, Final

import redis
import redis.asyncio

from store.redis_server import BLOCK_MS_MAX, connect, connect_async, map_errors

__all__ = [
    "CHANNELS",
    "connect",
    "connect_async",
    "contains",
    "ends",
    "epoch",
    "epoch_blocking",
    "head",
    "is_complete",
    "key",
    "last",
    "newest",
    "publish",
    "read",
    "read_blocking",
    "renew_epoch",
    "tail",
]

CHANNELS: Final = ("signals", "composites", "arbitrage", "executions", "performance", "alerts")
KEEP: Final = 50_000
"""Approximate length of a stream; a signal takes 1.5 kB, so a full channel takes 75 MB."""
_EPOCH: Final = "feed:epoch"
_BATCH: Final = 1_000  # entries in one Lua call, which blocks Redis for other clients; and in one read
_SCRIPT: Final = files("store").joinpath("publish.lua").read_text("utf-8")


def key(channel: str) -> str:
    """The stream and pub/sub channel of `channel`."""
    return f"feed:{channel}"


def publish(client: redis.Redis, channel: str, entries: Sequence[tuple[int, bytes]], *, keep: int = KEEP) -> int:
    """Publish entries, in order.

    Parameters
    ----------
    entries
        Sequence numbers, ascending, and payloads.
    keep
        Approximate length to which the stream is trimmed.

    Returns
    -------
    int
        How many were new.

    Raises
    ------
    ServiceError
        If Redis cannot be reached or is full. Any part may have been published: publish all of them again.
    """
    script = client.register_script(_SCRIPT)
    published = 0
    with map_errors():
        for start in range(0, len(entries), _BATCH):
            batch = entries[start : start + _BATCH]
            arguments: list[Any] = [keep, *(part for seq, payload in batch for part in (f"{seq}-0", payload))]
            published += script(keys=[key(channel)], args=arguments)
    return published


def newest(client: redis.Redis) -> int:
    """The highest sequence number on any channel; 0 if nothing was published."""
    with map_errors(), client.pipeline(transaction=False) as pipeline:
        for channel in CHANNELS:
            pipeline.xrevrange(key(channel), count=1)
        return max(map(_head, pipeline.execute()))


def renew_epoch(client: redis.Redis) -> None:
    """Set a new epoch, by which readers learn that entries were lost."""
    with map_errors():
        client.set(_EPOCH, token_hex(8))


async def epoch(client: redis.asyncio.Redis) -> str:
    """The current epoch, an identifier that changes when Redis has lost data; set at the first call."""
    with map_errors():
        await client.set(_EPOCH, token_hex(8), nx=True)
        name: Any = await client.get(_EPOCH)
    return str(name.decode())


def epoch_blocking(client: redis.Redis) -> str:
    """`epoch` without an event loop."""
    with map_errors():
        client.set(_EPOCH, token_hex(8), nx=True)
        name: Any = client.get(_EPOCH)
    return str(name.decode())


async def read(
    client: redis.asyncio.Redis, positions: dict[str, int], *, block_ms: int
) -> list[tuple[str, int, bytes]]:
    """Read the entries after the given positions, in order within each channel.

    Parameters
    ----------
    positions
        Channel to the last sequence number that was read; 0 reads from the oldest entry.
    block_ms
        How long to wait if there are no entries; 0 does not wait. At most `BLOCK_MS_MAX`.

    Returns
    -------
    list of tuple
        Channel, sequence number and payload; at most 1,000 of each channel.
    """
    if not positions:
        return []
    names = {key(channel).encode(): channel for channel in positions}
    after: Any = {key(channel): f"{seq}-0" for channel, seq in positions.items()}
    with map_errors():
        # BLOCK 0 would wait without a limit.
        wait_ms = min(block_ms, BLOCK_MS_MAX) if block_ms > 0 else None
        streams: Any = await client.xread(after, count=_BATCH, block=wait_ms)
    return [(names[name], *_entry(entry)) for name, entries in streams or () for entry in entries]


def read_blocking(client: redis.Redis, positions: dict[str, int], *, block_ms: int) -> list[tuple[str, int, bytes]]:
    """`read` without an event loop; waits 1 ms at least."""
    names = {key(channel).encode(): channel for channel in positions}
    after: Any = {key(channel): f"{seq}-0" for channel, seq in positions.items()}
    with map_errors():
        streams: Any = client.xread(after, count=_BATCH, block=min(max(block_ms, 1), BLOCK_MS_MAX))
    return [(names[name], *_entry(entry)) for name, entries in streams or () for entry in entries]


def ends(client: redis.Redis, channel: str) -> tuple[int, int]:
    """The oldest and the newest sequence number in a channel; 0 and 0 if it is empty."""
    with map_errors(), client.pipeline(transaction=True) as pipeline:
        pipeline.xrange(key(channel), count=1)
        pipeline.xrevrange(key(channel), count=1)
        oldest, newest_entry = pipeline.execute()
    return _head(oldest), _head(newest_entry)


def last(client: redis.Redis, channel: str) -> tuple[int, bytes] | None:
    """Sequence number and payload of a channel's newest entry; None if it is empty."""
    with map_errors():
        entries: Any = client.xrevrange(key(channel), count=1)
    return _entry(entries[0]) if entries else None


async def head(client: redis.asyncio.Redis, channel: str) -> int:
    """The newest sequence number of a channel; 0 if it is empty."""
    with map_errors():
        return _head(await client.xrevrange(key(channel), count=1))


async def contains(client: redis.asyncio.Redis, channel: str, seq: int) -> bool:
    """Whether a channel still holds an entry. Streams are trimmed from the oldest on, so all after it are there too."""
    with map_errors():
        return bool(await client.xrange(key(channel), f"{seq}-0", f"{seq}-0", count=1))


async def is_complete(client: redis.asyncio.Redis, channel: str) -> bool:
    """Whether a channel still holds every entry that was ever added to it.

    Servers before Redis 7 do not count added entries (`entries-added` of XINFO STREAM); on those the answer is False
    for every stream that exists.
    """
    with map_errors():
        if not await client.exists(key(channel)):
            return True
        info: Any = await client.xinfo_stream(key(channel))
    return bool(info.get("entries-added") == info["length"])


async def tail(client: redis.asyncio.Redis, channel: str, count: int) -> list[tuple[int, bytes]]:
    """The last `count` entries of a channel, oldest first."""
    with map_errors():
        entries: Any = await client.xrevrange(key(channel), count=count)
    return [_entry(entry) for entry in reversed(entries)]


def _head(entries: Any) -> int:
    return _entry(entries[0])[0] if entries else 0


def _entry(entry: tuple[bytes, dict[bytes, bytes]]) -> tuple[int, bytes]:
    name, fields = entry
    return int(name.partition(b"-")[0]), fields.get(
        b"d", b""
    )  # an entry of another program has no "d"; readers reject it
