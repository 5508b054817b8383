import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import bytewax.operators as op
import numpy as np
import pytest
import redis
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink
from hypothesis import given
from hypothesis import strategies as st

from domain.blocks import bars_block, heartbeats, names_block, quotes_block, read_block, rejects_block, trades_block
from domain.errors import RecoveryError
from domain.instruments import SHARDS
from domain.quotes import QUOTE
from domain.slices import BAR
from flows import cluster
from flows.progress import MonitoredSource, Progress
from flows.shards import KEYS
from flows.sources import redis_log
from flows.sources.redis_log import LogPartition, RedisLog, coalesced
from flows.sources.split import Item
from store import log
from store.redis_server import connect
from tests.flows.sources.memory import names, streams

NAMES = names_block(["sim:BTCUSDT"])


def beat(at_ns: int) -> bytes:
    return trades_block(heartbeats([at_ns]))


@pytest.fixture
def client(clean_redis_url: str) -> Iterator[redis.Redis]:
    with connect(clean_redis_url) as client:
        yield client


def drain(part: LogPartition, rows: int) -> list[Item]:
    """Read items until they have `count` rows; then no more may follow."""
    items: list[Item] = []
    until = time.monotonic() + 20
    while sum(map(len, streams(items).values())) < rows:
        assert time.monotonic() < until
        items += part.next_batch()
    time.sleep(redis_log.IDLE_S)
    assert part.next_batch() == []
    return items


def quotes(times: list[int]) -> bytes:
    rows = np.zeros(len(times), QUOTE)
    rows["ts"] = times
    return quotes_block(rows)


blocks = st.lists(
    st.one_of(
        st.lists(st.integers(0, 99), max_size=3).map(lambda times: trades_block(heartbeats(times))),
        st.lists(st.integers(0, 99), max_size=3).map(quotes),
        st.just(NAMES),
        st.just(rejects_block([])),
        st.integers(0, 3).map(lambda count: bars_block(np.zeros(count, BAR))),
    ),
    max_size=12,
)


@given(blocks)
def test_coalesced_blocks_have_the_same_rows(blocks: list[bytes]) -> None:
    found = coalesced(blocks)
    kinds = [read_block(block)[0] for block in found]
    assert not {("trades", "trades"), ("quotes", "quotes")} & set(pairwise(kinds))
    key = KEYS[0]
    assert streams((key, block) for block in found) == streams((key, block) for block in blocks)
    rows = ("trades", "quotes")
    others = [block for block in blocks if read_block(block)[0] not in rows]
    assert [block for block in found if read_block(block)[0] not in rows] == others


def test_each_partition_reads_its_own_shard(client: redis.Redis, clean_redis_url: str) -> None:
    source = RedisLog(clean_redis_url)
    assert source.list_parts() == [f"{shard:03d}" for shard in range(SHARDS)]
    log.append_many(client, {3: [NAMES, beat(1), beat(2)], 7: [beat(5)]})
    parts = {shard: source.build_part("log", f"{shard:03d}", None) for shard in (3, 7, 9)}
    three, seven = drain(parts[3], 2), drain(parts[7], 1)
    assert [read_block(block)[0] for _, block in three] == ["names", "trades"]
    assert names(three)[0][2] == "sim:BTCUSDT"
    assert streams(three) == {KEYS[3]: [("trades", heartbeats([at]).tobytes()) for at in (1, 2)]}
    assert streams(seven) == {KEYS[7]: [("trades", heartbeats([5]).tobytes())]}
    assert parts[9].next_batch() == []
    for part in parts.values():
        part.close()


def test_resumes_after_the_entry_of_its_snapshot(client: redis.Redis, clean_redis_url: str) -> None:
    log.append(client, 3, [beat(at) for at in range(5)])
    source = RedisLog(clean_redis_url)
    part = source.build_part("log", "003", None)
    assert part.snapshot() == (1, log.START)
    drain(part, 5)
    snapshot = part.snapshot()
    part.close()
    log.append(client, 3, [beat(at) for at in (5, 6)])
    part = source.build_part("log", "003", snapshot)
    assert streams(drain(part, 2))[KEYS[3]] == [("trades", heartbeats([at]).tobytes()) for at in (5, 6)]
    part.close()


def test_many_entries_come_as_few_items(client: redis.Redis, clean_redis_url: str) -> None:
    log.append(client, 3, [beat(at) for at in range(1_000)])
    part = RedisLog(clean_redis_url).build_part("log", "003", None)
    items = drain(part, 1_000)
    assert len(items) == -(-1_000 // redis_log.AT_ONCE)
    part.close()


def test_only_durable_entries_are_trimmed(client: redis.Redis, clean_redis_url: str) -> None:
    part = RedisLog(clean_redis_url, keep=10).build_part("log", "003", None)
    for at in range(40):
        log.append(client, 3, [beat(at)])
    drain(part, 40)
    assert client.xlen(log.key(3)) == 40
    snapshot = part.snapshot()
    assert client.xlen(log.key(3)) == 40
    log.append(client, 3, [beat(at) for at in range(5)])
    drain(part, 5)  # asked for more: the snapshot before is durable
    assert client.xlen(log.key(3)) == 5 + 1 + 10
    kept = log.read(client, 3, log.START, 100)
    assert kept[10][0] == snapshot[1]
    part.close()


def test_a_log_without_the_needed_entries_is_refused(client: redis.Redis, clean_redis_url: str) -> None:
    log.append(client, 3, [beat(1)])
    part = RedisLog(clean_redis_url).build_part("log", "003", None)
    drain(part, 1)
    snapshot = part.snapshot()
    part.close()
    client.flushall()
    part = RedisLog(clean_redis_url).build_part("log", "003", snapshot)
    with pytest.raises(RecoveryError, match="log:003 no longer holds entry"):
        part.next_batch()
    part.close()
    with pytest.raises(RecoveryError, match="log positions of version 9, and this is version 1; start over"):
        RedisLog(clean_redis_url).build_part("log", "003", (9, "0-0"))


def test_waits_while_redis_is_unavailable(client: redis.Redis, clean_redis_url: str, tmp_path: Path) -> None:
    socket = tmp_path / "s"
    log.append(client, 3, [beat(1)])
    part = RedisLog(f"unix://{socket}").build_part("log", "003", None)
    waits = []
    for _ in range(4):
        assert part.next_batch() == []
        awake = part.next_awake()
        assert awake is not None
        waits.append(awake - datetime.now(UTC))
        assert part.next_batch() == []  # not due yet: nobody is asked
        time.sleep(max(0.0, (awake - datetime.now(UTC)).total_seconds()))
    assert timedelta(0) < waits[0] < waits[1] < waits[2] < waits[3]
    socket.symlink_to(urlsplit(clean_redis_url).path)
    assert len(drain(part, 1)) == 1
    socket.unlink()
    part.close()


def test_an_idle_partition_polls_again_soon(client: redis.Redis, clean_redis_url: str) -> None:
    part = RedisLog(clean_redis_url).build_part("log", "003", None)
    assert part.next_batch() == []
    awake = part.next_awake()
    assert awake is not None
    assert awake - datetime.now(UTC) <= timedelta(seconds=redis_log.IDLE_S)
    part.close()


def test_nothing_is_lost_or_repeated_over_stops_of_the_dataflow(
    client: redis.Redis, clean_redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_log, "AT_ONCE", 3)
    cluster.make_recovery(tmp_path, 1)
    rows = {shard: [beat(1_000 * shard + at) for at in range(40)] for shard in range(SHARDS)}
    items: list[Item] = []
    for half, target in ((0, 100), (0, 400), (1, 600), (1, 40 * SHARDS)):
        if not items or target == 600:
            log.append_many(client, {shard: each[20 * half : 20 * half + 20] for shard, each in rows.items()})
        run_until(target, items, clean_redis_url, tmp_path)
    expected = {KEYS[shard]: [("trades", block[8:]) for block in each] for shard, each in rows.items()}
    assert streams(items) == expected
    assert log.longest(client) < 40


def run_until(target: int, items: list[Item], url: str, recovery: Path) -> None:
    """Run a dataflow from the log to `items` until it has enough rows."""
    progress, seen = Progress(), items.copy()

    def stop_when_enough(item: Item) -> Item:
        seen.append(item)
        if sum(map(len, streams(seen).values())) >= target:
            progress.stopping.set()
        return item

    flow = Dataflow("flow")
    stream = op.input("log", flow, MonitoredSource(RedisLog(url, keep=5), progress))
    op.output("out", op.map("stop", stream, stop_when_enough), TestingSink(items))
    cluster.run(flow, epoch=timedelta(milliseconds=10), recovery=recovery)
