import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import numpy as np
import pytest
import redis

from domain.blocks import KIND_TRADE, Rows, names_block, read_block, trades_block, unbundled
from domain.branches import INSTRUMENTS, PREDICTION, Branch
from domain.clock import HOUR, MINUTE, SECOND, parse_iso
from domain.errors import SettingError
from domain.instruments import SHARDS
from domain.rows import concatenated
from flows.sources import sim_feed
from flows.sources.sim import Simulator
from flows.sources.sim_feed import SimFeed
from flows.sources.sim_prediction import PredictionSimulator
from flows.sources.sim_prediction_settings import SimPredictionSettings
from flows.sources.sim_settings import SimSettings
from store import log
from store.redis_server import connect

SETTINGS = SimSettings(
    symbols=("BTCUSDT", "ETHUSDT", "DOGEUSDT"),
    trades_per_second=0.2,
    start="2024-01-01T00:00:00Z",
    end="2024-01-01T05:05:00Z",
)
START, END = parse_iso(SETTINGS.start), parse_iso(SETTINGS.end)
SIMULATOR = Simulator(SETTINGS)
SHARDS_IN_USE = [shard for shard in range(SHARDS) if SIMULATOR.names[shard]]


@pytest.fixture
def client(clean_redis_url: str) -> Iterator[redis.Redis]:
    with connect(clean_redis_url) as client:
        yield client


def play(client: redis.Redis, settings: SimSettings = SETTINGS, now_ns: Callable[[], int] = time.time_ns) -> None:
    SimFeed(client, settings, now_ns, threading.Event()).run()


@contextmanager
def playing(
    client: redis.Redis, settings: SimSettings = SETTINGS, now_ns: Callable[[], int] = time.time_ns
) -> Iterator[threading.Thread]:
    """Run the feed in a thread, and stop it at the end."""
    stopping = threading.Event()
    feed = threading.Thread(target=SimFeed(client, settings, now_ns, stopping).run)
    feed.start()
    try:
        yield feed
    finally:
        stopping.set()
        feed.join()


def logged_blocks(client: redis.Redis, shard: int) -> list[tuple[str, Any]]:
    entries = log.read(client, shard, log.START, 1_000_000)
    return [read_block(block) for _, entry in entries for block in unbundled(entry)]


def trades(client: redis.Redis, shard: int) -> Rows:
    rows = concatenated([content for kind, content in logged_blocks(client, shard) if kind == "trades"])
    return rows[rows["kind"] == KIND_TRADE]


def assert_whole(client: redis.Redis, end_ns: int = END) -> None:
    """Every shard has each of its trades once, in order, and a heartbeat at the end."""
    for shard in range(SHARDS):
        assert trades(client, shard).tobytes() == SIMULATOR.rows(shard, START, end_ns).tobytes()
        kind, rows = logged_blocks(client, shard)[-1]
        assert (kind, rows["ts"][-1]) == ("trades", end_ns)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_history_is_played_to_its_end(client: redis.Redis) -> None:
    play(client)
    assert_whole(client)
    for shard in range(SHARDS):
        names = SIMULATOR.names[shard]
        entries = logged_blocks(client, shard)
        assert entries[0][0] == ("names" if names else "trades")
        assert [content for kind, content in entries if kind == "names"] == [
            read_block(names_block(names))[1] for _ in names[:1]
        ]
    play(client)  # there is nothing left to play
    assert_whole(client)


def test_an_interrupted_write_is_completed(client: redis.Redis) -> None:
    play(client, msgspec.structs.replace(SETTINGS, end="2024-01-01T03:00:00Z"))
    for shard in (0, 1, SHARDS_IN_USE[0], SHARDS_IN_USE[-1]):
        newest = [name for name, _ in log.read(client, shard, log.START, 1_000)]
        client.xdel(log.key(shard), *newest[-1 - shard % 3 :])
    play(client)
    assert_whole(client)


def test_an_interrupted_first_write_is_completed(client: redis.Redis) -> None:
    first = Simulator(SETTINGS).block(2, START, START)
    log.append(client, 2, [first])
    later = msgspec.structs.replace(SETTINGS, start="2024-01-01T01:00:00Z")  # as a later clock would have it
    play(client, later)
    assert_whole(client)


def test_without_a_start_it_begins_in_the_past_at_a_full_minute(client: redis.Redis) -> None:
    now_ns = START + 3 * HOUR + 17 * SECOND
    settings = msgspec.structs.replace(SETTINGS, start="", history_s=7_200.0, lead_s=3_600.0)
    play(client, msgspec.structs.replace(settings, end="2024-01-01T02:00:00Z"), lambda: now_ns)
    assert_whole(client, START + 2 * HOUR)


def test_waits_for_the_engine_when_the_log_is_long(
    client: redis.Redis, clean_redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sim_feed, "LONGEST_LOG", 6)
    found: dict[int, list[bytes]] = {shard: [] for shard in range(SHARDS)}
    with connect(clean_redis_url) as engine, playing(client) as feed:
        while feed.is_alive():
            assert log.longest(engine) <= 6
            for shard in range(SHARDS):
                if len(entries := log.read(engine, shard, log.START, 100)) > 1:
                    found[shard] += [block for _, block in entries[:-1]]
                    log.trim(engine, shard, entries[-1][0])
    for shard in range(SHARDS):
        entries = [*found[shard], *(block for _, block in log.read(client, shard, log.START, 100))]
        blocks = [block for entry in entries for block in unbundled(entry)]
        rows = concatenated([rows for kind, rows in map(read_block, blocks) if kind == "trades"])
        expected = SIMULATOR.rows(shard, START, END).tobytes()
        assert rows[rows["kind"] == KIND_TRADE].tobytes() == expected


def test_plays_at_speed_and_stops_at_the_current_time(
    client: redis.Redis, clean_redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sim_feed, "TICK_S", 0.001)
    settings = msgspec.structs.replace(SETTINGS, end="", lead_s=600.0, speed=10_000.0)
    now = [START + HOUR]

    def reached(at_ns: int) -> bool:
        entries = [log.last_entry(watcher, shard) for shard in range(SHARDS)]
        return all(entry is not None and read_block(unbundled(entry[1])[-1])[1]["ts"][-1] == at_ns for entry in entries)

    with connect(clean_redis_url) as watcher, playing(client, settings, lambda: now[0]):
        until(lambda: reached(START + HOUR))
        now[0] += 30 * MINUTE
        until(lambda: reached(START + 90 * MINUTE))
        now[0] -= MINUTE  # a clock that is set back makes it wait
        now[0] += 2 * MINUTE
        until(lambda: reached(START + 91 * MINUTE))
    assert_whole(client, START + 91 * MINUTE)
    # The past in pieces of ten minutes; the last ten, ten seconds at a time.
    beats = [content["ts"][-1] for kind, content in logged_blocks(client, 23) if kind == "trades"]
    assert np.diff(np.array(beats))[:65].tolist() == [10 * MINUTE] * 5 + [10 * SECOND] * 60


def test_waits_while_redis_is_unavailable(
    client: redis.Redis, clean_redis_url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    socket, output = tmp_path / "s", [""]

    def complained() -> bool:
        output[0] += capfd.readouterr().err
        return output[0].count("\n") >= 2

    with connect(f"unix://{socket}") as away, playing(away) as feed:
        until(complained)
        socket.symlink_to(urlsplit(clean_redis_url).path)
        feed.join(30)
    assert_whole(client)
    lines = output[0].splitlines()
    assert re.fullmatch(r"collect sim: Redis: .*; retrying in 0.1 s", lines[0])
    assert re.fullmatch(r"collect sim: Redis: .*; retrying in 0.2 s", lines[1])


@pytest.mark.parametrize("change", [{"seed": 2}, {"trades_per_second": 0.3}, {"edge": 0.0}, {"symbols": ("LTCUSDT",)}])
def test_the_log_of_another_market_is_refused(client: redis.Redis, change: dict[str, object]) -> None:
    play(client, msgspec.structs.replace(SETTINGS, end="2024-01-01T03:00:00Z"))
    message = (
        r"log:\d\d\d holds rows until 2024-01-01T02:\S* of a different simulated market; restore "
        r"symbols, seed, trades_per_second and edge of \[sim\], or start over with 'signalengine reset'"
    )
    with pytest.raises(SettingError, match=message):
        play(client, msgspec.structs.replace(SETTINGS, **change))


def test_a_symbol_may_be_added(client: redis.Redis) -> None:
    play(client, msgspec.structs.replace(SETTINGS, end="2024-01-01T03:00:00Z"))
    more = msgspec.structs.replace(SETTINGS, symbols=(*SETTINGS.symbols, "XRPUSDT"))
    play(client, more)
    shard = next(shard for shard, names in Simulator(more).names.items() if "sim:XRPUSDT" in names)
    assert "sim:XRPUSDT" in [
        name for kind, names in logged_blocks(client, shard) if kind == "names" for name in names.values()
    ]
    expected = concatenated(
        [SIMULATOR.rows(shard, START, START + 3 * HOUR), Simulator(more).rows(shard, START + 3 * HOUR, END)]
    )
    assert trades(client, shard).tobytes() == expected.tobytes()


def test_every_entry_is_complete_up_to_its_heartbeat(client: redis.Redis) -> None:
    play(client)
    for shard in SHARDS_IN_USE:
        entries = [content for kind, content in logged_blocks(client, shard) if kind == "trades"]
        for before, after in pairwise(entries):
            expected = SIMULATOR.block(shard, int(before["ts"][-1]), int(after["ts"][-1]))
            assert trades_block(after) == expected


MARKETS = SimPredictionSettings(singles=1, events=2, open_events=0, ladders=0, round_h=1.0, history_h=2.0)
PREDICTION_SIMULATOR = PredictionSimulator(MARKETS)


def play_both(client: redis.Redis, markets: SimPredictionSettings = MARKETS, **changes: Any) -> None:
    settings = msgspec.structs.replace(SETTINGS, **changes)
    SimFeed(client, settings, time.time_ns, threading.Event(), prediction=markets).run()


def prediction_rows(client: redis.Redis) -> dict[int, dict[str, list[Any]]]:
    """The prediction-market rows of each shard as one array, other blocks in order, without heartbeats."""
    entries = {shard: log.read(client, shard, log.START, 1_000_000, PREDICTION) for shard in range(SHARDS)}
    return {
        shard: content_by_kind(block for _, entry in some for block in unbundled(entry))
        for shard, some in entries.items()
    }


def content_by_kind(blocks: Iterable[bytes]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for kind, content in map(read_block, blocks):
        rows = content[content["kind"] == KIND_TRADE] if kind == "trades" else content
        found.setdefault(kind, []).extend(rows if isinstance(rows, list) else [rows])
    rows = {kind: [concatenated(found[kind]).tobytes()] for kind in ("trades", "quotes") if kind in found}
    return found | rows


def prediction_told(end_ns: int) -> dict[int, dict[str, list[Any]]]:
    simulator = PREDICTION_SIMULATOR
    return {
        shard: content_by_kind(simulator.opening(shard, START) + simulator.blocks(shard, START, end_ns))
        for shard in range(SHARDS)
    }


def test_prediction_markets_resume_without_gap_or_repetition(client: redis.Redis) -> None:
    for end in ("2024-01-01T00:43:00Z", "2024-01-01T01:00:00Z", "2024-01-01T02:10:00Z"):
        play_both(client, end=end)
        if end.endswith("43:00Z"):
            for shard in range(0, SHARDS, 3):  # as a write that was cut off leaves it
                newest = [name for name, _ in log.read(client, shard, log.START, 1_000, PREDICTION)]
                client.xdel(log.key(shard, PREDICTION), newest[-1])
    end_ns = START + 130 * MINUTE
    assert_whole(client, end_ns)
    assert prediction_rows(client) == prediction_told(end_ns)


def test_the_log_of_other_prediction_markets_is_refused(client: redis.Redis) -> None:
    play_both(client, end="2024-01-01T00:30:00Z")
    with pytest.raises(
        SettingError, match=r"log:prediction:\d\d\d holds .*; restore \[simulated_markets\], or start over"
    ):
        play_both(client, msgspec.structs.replace(MARKETS, seed=2))


def test_prediction_markets_begin_later_and_may_be_added_later(client: redis.Redis) -> None:
    now_ns = START + 5 * HOUR
    settings = msgspec.structs.replace(SETTINGS, start="", end="2024-01-01T04:30:00Z", history_s=14_400.0, lead_s=0.0)
    for markets in (None, MARKETS):
        SimFeed(client, settings, lambda: now_ns, threading.Event(), prediction=markets).run()
    assert_first(client, INSTRUMENTS, START + HOUR)
    assert_first(client, PREDICTION, START + 3 * HOUR)
    entry = log.last_entry(client, 5, PREDICTION)
    assert entry is not None
    assert read_block(unbundled(entry[1])[-1])[1]["ts"][-1] == START + 270 * MINUTE


def assert_first(client: redis.Redis, branch: Branch, at_ns: int) -> None:
    for shard in range(SHARDS):
        ((_, entry),) = log.read(client, shard, log.START, 1, branch)
        assert read_block(unbundled(entry)[-1])[1]["ts"].tolist() == [at_ns]
