"""The log: one stream of blocks per shard of each branch, from which the engine reads and may read again.

An entry holds one block (domain/blocks.py). Its id is the position of a reader: what comes after it
was not read yet. A reader that knows its position to be durable trims what lies before it, and the
entry at the position itself stays, so that whoever resumes there can see that nothing is missing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import redis
import redis.asyncio

from domain.branches import INSTRUMENTS, Branch
from domain.errors import RecoveryError
from domain.instruments import SHARDS
from store.redis_server import map_errors

START: Final = "0-0"
"""The position of a reader that has read nothing."""


def key(shard: int, branch: Branch = INSTRUMENTS) -> str:
    """The stream of a shard: `log:003`, `log:prediction:003`."""
    return f"log:{shard:03d}" if branch == INSTRUMENTS else f"log:{branch}:{shard:03d}"


def append(client: redis.Redis, shard: int, blocks: Sequence[bytes], branch: Branch = INSTRUMENTS) -> str:
    """Append blocks to a shard, one entry each.

    Returns
    -------
    str
        Id of the last entry; `START` if there was no block.

    Raises
    ------
    ServiceError
        If Redis cannot be reached or is full. Some blocks may be in the log; trades that are appended
        again are known by their ids.
    """
    return append_many(client, {shard: blocks}, branch).get(shard, START)


def append_many(
    client: redis.Redis, blocks: Mapping[int, Sequence[bytes]], branch: Branch = INSTRUMENTS
) -> dict[int, str]:
    """Append blocks to many shards in one round trip; see `append`.

    Returns
    -------
    dict
        Shard to the id of its last entry, for each shard that got one.
    """
    with map_errors(), client.pipeline(transaction=False) as pipeline:
        owners = _queue(pipeline, blocks, branch)
        return _last_ids(owners, pipeline.execute())


async def append_many_async(
    client: redis.asyncio.Redis, blocks: Mapping[int, Sequence[bytes]], branch: Branch = INSTRUMENTS
) -> dict[int, str]:
    """`append_many` for a collector that runs on an event loop."""
    with map_errors():
        async with client.pipeline(transaction=False) as pipeline:
            owners = _queue(pipeline, blocks, branch)
            return _last_ids(owners, await pipeline.execute())


def read(
    client: redis.Redis, shard: int, after: str, count: int, branch: Branch = INSTRUMENTS
) -> list[tuple[str, bytes]]:
    """The next entries of a shard; never waits.

    Parameters
    ----------
    after
        Id of the last entry that was read, or `START`.
    count
        How many at most.

    Returns
    -------
    list of tuple
        Id and block, oldest first.

    Raises
    ------
    ServiceError
        If Redis cannot be reached.
    """
    with map_errors():
        # No `block`: BLOCK 0 would wait for ever.
        streams: Any = client.xread({key(shard, branch): after}, count=count)
    return [_entry(entry) for _, entries in streams for entry in entries]


def read_many(
    client: redis.Redis, after: Mapping[int, str], count: int, branch: Branch = INSTRUMENTS
) -> dict[int, list[tuple[str, bytes]]]:
    """The next entries of many shards in one round trip; see `read`.

    Parameters
    ----------
    after
        Shard to the id of the last entry that was read, or `START`.
    count
        How many of each shard at most.

    Returns
    -------
    dict
        Shard to its entries, for each shard that has some.

    Raises
    ------
    ServiceError
        If Redis cannot be reached.
    """
    if not after:
        return {}
    shards = {key(shard, branch).encode(): shard for shard in after}
    with map_errors():
        streams: Any = client.xread({key(shard, branch): position for shard, position in after.items()}, count=count)
    return {shards[name]: [_entry(entry) for entry in entries] for name, entries in streams}


def longest(client: redis.Redis, branch: Branch = INSTRUMENTS) -> int:
    """Entries in the longest stream of a branch.

    Raises
    ------
    ServiceError
        If Redis cannot be reached.
    """
    with map_errors(), client.pipeline(transaction=False) as pipeline:
        for shard in range(SHARDS):
            pipeline.xlen(key(shard, branch))
        return int(max(pipeline.execute()))


def last_entry(client: redis.Redis, shard: int, branch: Branch = INSTRUMENTS) -> tuple[str, bytes] | None:
    """The newest entry of a shard; None if the stream is empty.

    Raises
    ------
    ServiceError
        If Redis cannot be reached.
    """
    with map_errors():
        entries: Any = client.xrevrange(key(shard, branch), count=1)
    return _entry(entries[0]) if entries else None


def trim(client: redis.Redis, shard: int, before: str, branch: Branch = INSTRUMENTS) -> int:
    """Forget the entries before `before`; that one stays.

    Returns
    -------
    int
        How many were forgotten.

    Raises
    ------
    ServiceError
        If Redis cannot be reached.
    """
    with map_errors():
        return int(client.xtrim(key(shard, branch), minid=before, approximate=False))


def check_resume(client: redis.Redis, shard: int, position: str, branch: Branch = INSTRUMENTS) -> None:
    """Make sure that the log still holds all that came after `position`.

    The entry at the position must be there: Redis forgets from the front only, and `trim` leaves that
    entry alone. `max-deleted-entry-id` would not do; it stays 0-0 after XTRIM (seen in Valkey 9.1).

    Raises
    ------
    RecoveryError
        If it is not: the log was trimmed too far, emptied, or has lost its newest entries.
    ServiceError
        If Redis cannot be reached.
    """
    if position == START:
        return
    with map_errors():
        here: Any = client.xrange(key(shard, branch), min=position, max=position)
        if here:
            return
        oldest: Any = client.xrange(key(shard, branch), count=1)
        newest: Any = client.xrevrange(key(shard, branch), count=1)
    held = f"it holds {_entry(oldest[0])[0]} to {_entry(newest[0])[0]}" if oldest else "it is empty"
    raise RecoveryError(
        f"{key(shard, branch)} no longer holds entry {position}, after which the engine would resume; {held}. "
        f"Entries are lost: restore the log from a backup, or begin anew with 'signalengine reset'"
    )


def _queue(pipeline: Any, blocks: Mapping[int, Sequence[bytes]], branch: Branch) -> list[int]:
    """Queue one XADD per block; the shard of each."""
    owners = []
    for shard, some in blocks.items():
        for block in some:
            pipeline.xadd(key(shard, branch), {b"b": block})
            owners.append(shard)
    return owners


def _last_ids(owners: list[int], ids: list[bytes]) -> dict[int, str]:
    return {shard: name.decode() for shard, name in zip(owners, ids, strict=True)}


def _entry(entry: tuple[bytes, dict[bytes, bytes]]) -> tuple[str, bytes]:
    name, fields = entry
    return name.decode(), fields[b"b"]
