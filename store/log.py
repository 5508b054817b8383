"""Log: the input of the engine, one Redis stream of blocks for each shard of each branch.

An entry holds one block (domain/blocks.py). The position of a reader is the id of the last entry that it read. A reader
trims the entries before a position that it has stored durably; the entry at the position stays, so that a reader that
resumes there can check that nothing is missing.
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
"""Position before the first entry."""


def key(shard: int, branch: Branch = INSTRUMENTS) -> str:
    """Key of the stream of a shard: `log:003`, `log:prediction:003`."""
    return f"log:{shard:03d}" if branch == INSTRUMENTS else f"log:{branch}:{shard:03d}"


def append(client: redis.Redis, shard: int, blocks: Sequence[bytes], branch: Branch = INSTRUMENTS) -> str:
    """Append blocks to a shard, one entry each.

    Returns
    -------
    str
        Id of the last entry; `START` without blocks.

    Raises
    ------
    ServiceError
        If Redis cannot be reached or is full. Some of the blocks may have been appended; append all of them again,
        since repeated trades are recognised by their ids.
    """
    return append_many(client, {shard: blocks}, branch).get(shard, START)


def append_many(
    client: redis.Redis, blocks: Mapping[int, Sequence[bytes]], branch: Branch = INSTRUMENTS
) -> dict[int, str]:
    """Append blocks to several shards in one round trip; see `append`.

    Returns
    -------
    dict
        Shard to the id of its last entry, for each shard with blocks.
    """
    with map_errors(), client.pipeline(transaction=False) as pipeline:
        owners = _queue(pipeline, blocks, branch)
        return _last_ids(owners, pipeline.execute())


async def append_many_async(
    client: redis.asyncio.Redis, blocks: Mapping[int, Sequence[bytes]], branch: Branch = INSTRUMENTS
) -> dict[int, str]:
    """`append_many` on an event loop."""
    with map_errors():
        async with client.pipeline(transaction=False) as pipeline:
            owners = _queue(pipeline, blocks, branch)
            return _last_ids(owners, await pipeline.execute())


def read(
    client: redis.Redis, shard: int, after: str, count: int, branch: Branch = INSTRUMENTS
) -> list[tuple[str, bytes]]:
    """Read the next entries of a shard; does not wait for new ones.

    Parameters
    ----------
    after
        Id of the last entry that was read, or `START`.
    count
        Maximum number of entries.

    Returns
    -------
    list of tuple
        Ids and blocks, oldest first.

    Raises
    ------
    ServiceError
        If Redis cannot be reached.
    """
    with map_errors():
        # Without `block`: BLOCK 0 would wait without a limit.
        streams: Any = client.xread({key(shard, branch): after}, count=count)
    return [_entry(entry) for _, entries in streams for entry in entries]


def read_many(
    client: redis.Redis, after: Mapping[int, str], count: int, branch: Branch = INSTRUMENTS
) -> dict[int, list[tuple[str, bytes]]]:
    """Read the next entries of several shards in one round trip; see `read`.

    Parameters
    ----------
    after
        Shard to the id of the last entry that was read, or `START`.
    count
        Maximum number of entries of each shard.

    Returns
    -------
    dict
        Shard to its entries, for each shard with new ones.

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
    """Length of the longest stream of a branch.

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
    """Delete the entries before `before`; that one stays.

    Returns
    -------
    int
        The number of deleted entries.

    Raises
    ------
    ServiceError
        If Redis cannot be reached.
    """
    with map_errors():
        return int(client.xtrim(key(shard, branch), minid=before, approximate=False))


def check_resume(client: redis.Redis, shard: int, position: str, branch: Branch = INSTRUMENTS) -> None:
    """Check that the log still holds every entry after `position`.

    It does if it holds the entry at the position: streams are trimmed from the oldest entry on, and `trim` keeps that
    entry. `max-deleted-entry-id` cannot be used; it stays 0-0 after XTRIM (observed with Valkey 9.1).

    Raises
    ------
    RecoveryError
        If it does not: the log was trimmed too far, was emptied, or has lost its newest entries.
    ServiceError
        If Redis cannot be reached.
    """
    if position == START:
        return
    with map_errors():
        entry: Any = client.xrange(key(shard, branch), min=position, max=position)
        if entry:
            return
        oldest: Any = client.xrange(key(shard, branch), count=1)
        newest: Any = client.xrevrange(key(shard, branch), count=1)
    content = f"it holds {_entry(oldest[0])[0]} to {_entry(newest[0])[0]}" if oldest else "it is empty"
    raise RecoveryError(
        f"{key(shard, branch)} no longer holds entry {position}, after which the engine would resume; {content}. "
        f"Entries are lost: restore the log from a backup, or start anew with 'signalengine reset'"
    )


def _queue(pipeline: Any, blocks: Mapping[int, Sequence[bytes]], branch: Branch) -> list[int]:
    """Queue one XADD per block; returns the shard of each."""
    owners = []
    for shard, of_shard in blocks.items():
        for block in of_shard:
            pipeline.xadd(key(shard, branch), {b"b": block})
            owners.append(shard)
    return owners


def _last_ids(owners: list[int], ids: list[bytes]) -> dict[int, str]:
    return {shard: name.decode() for shard, name in zip(owners, ids, strict=True)}


def _entry(entry: tuple[bytes, dict[bytes, bytes]]) -> tuple[str, bytes]:
    name, fields = entry
    return name.decode(), fields[b"b"]
