from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.blocks import CONTIGUOUS_IDS, KIND_HEARTBEAT, KIND_TRADE, TRADE, Rows, read_block
from domain.clock import HOUR, MINUTE, parse_iso
from domain.errors import RecoveryError
from domain.instruments import SHARDS, instrument_id, shard_of
from domain.rows import concatenated
from flows.shards import KEYS
from flows.sources.sim import Simulator, sim_source
from flows.sources.sim_settings import SimSettings
from flows.sources.simulated import SimulatedSource
from tests.flows.sources.drained import drained
from tests.flows.sources.memory import names, streams

SETTINGS = SimSettings(symbols=("BTCUSDT", "ETHUSDT", "DOGEUSDT"), trades_per_second=0.5)
START = parse_iso("2024-03-05T23:00:00Z")
SIMULATOR = Simulator(SETTINGS)
SHARD = shard_of(instrument_id("sim:BTCUSDT"))


def rows_of(name: str, start_ns: int, end_ns: int, simulator: Simulator = SIMULATOR) -> Rows:
    rows = simulator.rows(shard_of(instrument_id(name)), start_ns, end_ns)
    return rows[rows["instrument"] == instrument_id(name)]


@settings(max_examples=25)
@given(cuts=st.lists(st.integers(0, 2 * HOUR), max_size=4))
def test_a_time_range_is_the_sum_of_its_parts(cuts: list[int]) -> None:
    places = [START, *sorted(START + cut for cut in cuts), START + 2 * HOUR]
    parts = [SIMULATOR.rows(SHARD, start, end) for start, end in pairwise(places)]
    for part, (start, end) in zip(parts, pairwise(places), strict=True):
        assert np.all((part["ts"] >= start) & (part["ts"] < end))
    assert concatenated(parts).tobytes() == Simulator(SETTINGS).rows(SHARD, START, START + 2 * HOUR).tobytes()


@pytest.mark.parametrize("name", [f"sim:{symbol}" for symbol in SETTINGS.symbols])
def test_trades_are_whole_and_sane(name: str) -> None:
    # From hour to hour over midnight: ids, times and prices join.
    trades = rows_of(name, START, START + 4 * HOUR)
    assert trades.size > 2_000
    assert np.all(np.diff(trades["id"]) == 1)
    assert np.all(np.diff(trades["ts"]) >= 0)
    assert np.all(trades["price"] > 0)
    assert np.all(trades["size"] > 0)
    assert set(np.unique(trades["side"]).tolist()) == {-1, 1}
    assert np.all((trades["flags"] == CONTIGUOUS_IDS) & (trades["kind"] == KIND_TRADE) & (trades["wallet"] == 0))
    assert np.all(np.abs(np.diff(np.log(trades["price"]))) < 0.1)


def test_the_first_id_follows_from_all_days_before() -> None:
    first, second = (rows_of("sim:ETHUSDT", START + at * HOUR, START + (at + 1) * HOUR) for at in (0, 1))
    assert second["id"][0] == first["id"][-1] + 1
    assert first["id"][0] > 1_500 * 86_400 * SETTINGS.trades_per_second * 0.9


def test_a_symbol_does_not_depend_on_the_others() -> None:
    alone = Simulator(SimSettings(symbols=("ETHUSDT",), trades_per_second=0.5))
    for name in ("sim:ETHUSDT",):
        ours, theirs = rows_of(name, START, START + HOUR), rows_of(name, START, START + HOUR, alone)
        assert ours.tobytes() == theirs.tobytes()


def test_there_are_whales() -> None:
    trades = Simulator(SimSettings(symbols=("BTCUSDT",), trades_per_second=50.0)).rows(SHARD, START, START + HOUR)
    worth = trades["price"] * trades["size"]
    assert 150 < np.median(worth) < 600
    assert 5e-5 < np.mean(worth > 100_000) < 1e-3


def made() -> SimulatedSource:
    return sim_source(SETTINGS, 35)


def test_a_source_covers_its_time_range_and_resumes_exactly() -> None:
    parts = made().list_parts()
    assert parts == [f"{shard:03d}" for shard in range(SHARDS)]
    for part in parts:
        whole, resumed = drained(made, part), drained(made, part, restarts=True)
        assert whole == resumed
        assert {key for key, _ in whole} == {KEYS[int(part)]}
        content = [read_block(block) for _, block in whole]
        trades = concatenated([rows for kind, rows in content if kind == "trades"])
        start, end = parse_iso("2024-01-01T00:00:00Z"), parse_iso("2024-01-01T00:35:00Z")
        expected = SIMULATOR.rows(int(part), start, end)
        assert trades[trades["kind"] == KIND_TRADE].tobytes() == expected.tobytes()
        assert trades[trades["kind"] == KIND_HEARTBEAT]["ts"].tolist() == [
            start + at * MINUTE for at in (10, 20, 30, 35)
        ]
        assert [name for _, _, name in names(whole)] == SIMULATOR.names[int(part)]
        assert content[0][0] == ("names" if SIMULATOR.names[int(part)] else "trades")
        assert len(streams(whole)[KEYS[int(part)]]) == trades.size


def test_another_time_range_is_not_resumed() -> None:
    with pytest.raises(RecoveryError, match="this is version 1 from 2024-01-01T00:00:00Z to 2024-01-01T00:35:00Z"):
        sim_source(SETTINGS, 35).build_part("log", "000", (1, START))


def test_a_block_ends_with_its_heartbeat() -> None:
    kind, rows = read_block(SIMULATOR.block(SHARD, START, START + MINUTE))
    assert (kind, rows.dtype) == ("trades", TRADE)
    assert (rows["kind"][-1], rows["ts"][-1]) == (KIND_HEARTBEAT, START + MINUTE)
    assert rows[:-1].tobytes() == SIMULATOR.rows(SHARD, START, START + MINUTE).tobytes()
