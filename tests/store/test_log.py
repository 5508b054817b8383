import re

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from domain.branches import PREDICTION
from domain.errors import RecoveryError, ServiceError
from store import log, redis_server
from tests.store.conftest import AsyncCaller

SHARDS = 3
shards = st.integers(0, SHARDS - 1)
blocks = st.lists(st.binary(max_size=20), max_size=4)


class Log(RuleBasedStateMachine):
    """Streams in Valkey, and lists of what they must contain."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__()
        self.client = client
        self.kept: list[list[tuple[str, bytes]]] = [[] for _ in range(SHARDS)]
        self.lost: list[list[str]] = [[] for _ in range(SHARDS)]

    @initialize()
    def start_empty(self) -> None:
        self.client.flushall()

    def _expect(self, shard: int, some: list[bytes], last: str) -> None:
        known = len(self.kept[shard])
        found = log.read(self.client, shard, self.kept[shard][-1][0] if known else log.START, 1_000)
        assert [block for _, block in found] == some
        assert last == (found[-1][0] if found else log.START)
        self.kept[shard] += found

    @rule(shard=shards, some=blocks)
    def append(self, shard: int, some: list[bytes]) -> None:
        self._expect(shard, some, log.append(self.client, shard, some))

    @rule(some=st.dictionaries(shards, blocks))
    def append_many(self, some: dict[int, list[bytes]]) -> None:
        ids = log.append_many(self.client, some)
        assert set(ids) == {shard for shard, blocks in some.items() if blocks}
        for shard, blocks in some.items():
            self._expect(shard, blocks, ids.get(shard, log.START))

    @rule(shard=shards, count=st.integers(1, 3))
    def read_from_any_position(self, shard: int, count: int) -> None:
        positions = [log.START, *(name for name, _ in self.kept[shard])]
        for index, position in enumerate(positions):
            assert log.read(self.client, shard, position, count) == self.kept[shard][index : index + count]
            log.check_resume(self.client, shard, position)
        of_all = log.read_many(self.client, dict.fromkeys(range(SHARDS), positions[0]), count)
        assert of_all == {at: kept[:count] for at, kept in enumerate(self.kept) if kept}
        assert log.longest(self.client) == max(map(len, self.kept))
        last = self.kept[shard][-1] if self.kept[shard] else None
        assert log.last_entry(self.client, shard) == last

    @rule(shard=shards, data=st.data())
    def trim(self, shard: int, data: st.DataObject) -> None:
        if self.kept[shard]:
            index = data.draw(st.integers(0, len(self.kept[shard]) - 1))
            assert log.trim(self.client, shard, self.kept[shard][index][0]) == index
            self.lost[shard] += [name for name, _ in self.kept[shard][:index]]
            del self.kept[shard][:index]

    @rule(shard=shards)
    def resume_before_the_oldest(self, shard: int) -> None:
        for name in self.lost[shard]:
            with pytest.raises(RecoveryError, match=f"log:00{shard} no longer holds entry {name},"):
                log.check_resume(self.client, shard, name)


def test_log_is_read_back_as_it_was_written(client: redis.Redis) -> None:
    run_state_machine_as_test(lambda: Log(client), settings=settings(max_examples=40, stateful_step_count=20))


def test_emptied_log_is_detected(client: redis.Redis) -> None:
    position = log.append(client, 7, [b"a", b"b"])
    log.check_resume(client, 7, position)
    client.flushall()
    log.check_resume(client, 7, log.START)
    with pytest.raises(RecoveryError, match=f"log:007 no longer holds entry {position}.* it is empty"):
        log.check_resume(client, 7, position)


def test_lost_newest_entry_is_detected(client: redis.Redis) -> None:
    first, second = log.append(client, 0, [b"a"]), log.append(client, 0, [b"b"])
    client.xdel(log.key(0), second)
    with pytest.raises(RecoveryError, match=re.escape(f"{first} to {first}")):
        log.check_resume(client, 0, second)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(some=st.dictionaries(shards, blocks))
def test_appending_on_an_event_loop_does_the_same(
    client: redis.Redis, call_redis: AsyncCaller, some: dict[int, list[bytes]]
) -> None:
    client.flushall()
    ids = call_redis(log.append_many_async, some)
    for shard, blocks in some.items():
        found = log.read(client, shard, log.START, 100)
        assert [block for _, block in found] == blocks
        assert ids.get(shard) == (found[-1][0] if found else None)


def test_unreachable_server_is_a_service_error() -> None:
    with redis_server.connect("unix:///nowhere/valkey.sock") as unreachable:
        for work in (
            lambda: log.append(unreachable, 0, [b"a"]),
            lambda: log.read(unreachable, 0, log.START, 1),
            lambda: log.check_resume(unreachable, 0, "1-0"),
        ):
            with pytest.raises(ServiceError, match="Redis"):
                work()


def test_full_redis_is_a_service_error(client: redis.Redis) -> None:
    maxmemory = client.config_get("maxmemory")["maxmemory"]
    client.config_set("maxmemory", "1mb")
    try:
        with pytest.raises(ServiceError, match="maxmemory"):
            log.append(client, 0, [b"x" * 2_000_000])
    finally:
        client.config_set("maxmemory", maxmemory)
    assert log.append(client, 0, [b"x"]) == log.last_entry(client, 0)[0]


def test_branches_have_separate_streams(client: redis.Redis) -> None:
    client.flushall()
    instruments, prediction = log.append(client, 3, [b"a", b"b"]), log.append(client, 3, [b"c"], PREDICTION)
    assert [block for _, block in log.read(client, 3, log.START, 9)] == [b"a", b"b"]
    assert log.read_many(client, {3: log.START}, 9, PREDICTION) == {3: [(prediction, b"c")]}
    assert log.last_entry(client, 3, PREDICTION) == (prediction, b"c")
    assert (log.longest(client), log.longest(client, PREDICTION)) == (2, 1)
    assert log.trim(client, 3, instruments) == 1
    assert log.longest(client, PREDICTION) == 1
    with pytest.raises(RecoveryError, match="log:prediction:003 no longer holds entry"):
        log.check_resume(client, 3, instruments, PREDICTION)
