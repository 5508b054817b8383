from collections.abc import Iterable
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.arbitrage import ArbitrageSettings
from domain.blocks import KIND_HEARTBEAT, KIND_TRADE, TRADE, read_block
from domain.catalogue import load
from domain.clock import HOUR, MINUTE
from domain.errors import RecoveryError
from domain.instruments import SHARDS
from domain.opportunities import Opportunity
from domain.slices import EMITTED
from domain.wallets import wallet_id
from domain.whale_settings import WhaleSettings
from domain.whales import WHALE_ALONE
from flows.shards import KEYS
from flows.sources.sim import DEFAULT_START_NS as START
from flows.sources.sim_prediction import PredictionSimulator, sim_prediction_source
from flows.sources.sim_prediction_group import GroupKey, draw, group_keys
from flows.sources.sim_prediction_settings import PIECE_NS, SimPredictionSettings
from flows.sources.sim_prediction_trajectory import STEP_NS, trajectory
from flows.sources.sim_prediction_wallets import addresses
from flows.sources.simulated import SimulatedSource
from operators import arbitrages
from operators.spot_arbitrage import SpotArbitrage
from operators.spot_whales import SpotWhales
from tests.flows.sources.drained import drained

SETTINGS = SimPredictionSettings(singles=1, events=2, open_events=1, ladders=1, round_h=2.0, baskets_per_day=48.0)
SIMULATOR = PredictionSimulator(SETTINGS)
HOURS = 6
KINDS = load(arbitrages, arbitrages.Arbitrage)


@cache
def all_blocks() -> dict[int, list[bytes]]:
    """All blocks of every shard in `HOURS`."""
    return {
        shard: SIMULATOR.opening(shard, START) + SIMULATOR.blocks(shard, START, START + HOURS * HOUR)
        for shard in range(SHARDS)
    }


def flat(blocks: Iterable[bytes]) -> list[object]:
    """All rows, without heartbeats."""
    found: list[object] = []
    for block in blocks:
        kind, content = read_block(block)
        if kind in ("trades", "quotes"):
            rows = content[content["kind"] != KIND_HEARTBEAT] if kind == "trades" else content
            found += [(kind, rows[at : at + 1].tobytes()) for at in range(rows.size)]
        else:
            found.append((kind, block))
    return found


@settings(max_examples=8)
@given(cuts=st.lists(st.integers(0, 150 * MINUTE), max_size=3), shard=st.integers(0, SHARDS - 1))
def test_a_time_range_is_the_sum_of_its_parts(cuts: list[int], shard: int) -> None:
    start, end = START + 90 * MINUTE, START + 240 * MINUTE  # over the end of a round
    places = [start, *sorted(start + cut for cut in cuts), end]
    parts = [SIMULATOR.blocks(shard, first, last) for first, last in pairwise(places) if first < last]
    whole = PredictionSimulator(SETTINGS).blocks(shard, start, end)
    assert flat(block for part in parts for block in part) == flat(whole)


def test_time_does_not_decrease() -> None:
    for blocks in all_blocks().values():
        at_ns = [content["ts"] for kind, content in map(read_block, blocks) if kind in ("trades", "quotes")]
        assert np.all(np.diff(np.concatenate(at_ns)) >= 0)


def test_groups_open_and_are_resolved() -> None:
    news = [
        group
        for blocks in all_blocks().values()
        for kind, found in map(read_block, blocks)
        if kind == "markets"
        for group in found
    ]
    opened = {group.name for group in news if group.markets[0].status == "open"}
    resolved = {group.name for group in news if group.markets[0].status == "resolved"}
    assert len(opened) == 5 * HOURS // 2
    assert len(resolved & opened) == 5 * (HOURS // 2 - 1)
    assert len(resolved) == 5 * HOURS // 2  # with those that opened before


def test_trades_are_sane_and_of_known_simulated_wallets() -> None:
    assert all(address.startswith("sim:0x") for address in addresses(SETTINGS.seed))
    known = {wallet_id(address) for address in addresses(SETTINGS.seed)}
    count = 0
    for blocks in all_blocks().values():
        read = [read_block(block) for block in blocks]
        rows = np.concatenate([rows for kind, rows in read if kind == "trades"] or [np.empty(0, TRADE)])
        rows = rows[rows["kind"] == KIND_TRADE]
        names = {number for kind, names in read if kind == "names" for number in names}
        assert set(rows["instrument"].tolist()) <= names
        assert set(rows["wallet"].tolist()) <= known
        assert np.all((rows["price"] > 0.0) & (rows["price"] < 1.0) & (rows["size"] >= 1.0))
        ids = np.stack([rows["instrument"], rows["id"]])
        assert np.unique(ids, axis=1).shape[1] == rows.size
        count += rows.size
    markets = sum(
        len(draw(SETTINGS, GroupKey(kind, number, START // SETTINGS.round_ns + turn)).group.markets)
        for kind, number in group_keys(SETTINGS)
        for turn in range(3)
    )
    assert 0.7 < count / (markets * 120 * SETTINGS.trades_per_minute) < 1.1


@cache
def found() -> list[Opportunity]:
    out: list[Opportunity] = []
    for blocks in all_blocks().values():
        desk = SpotArbitrage(ArbitrageSettings(), KINDS)
        for each in desk.on_batch(blocks)[0]:
            counts = each.counts
            assert (counts.unready, counts.bad, counts.repeated, counts.voided, counts.crossed, counts.unknown) == (
                0,
            ) * 6
            out += each.opportunities
    return out


def test_the_books_are_good_and_baskets_that_pay_are_found() -> None:
    opened = [each for each in found() if each.change == "opened"]
    seen = []
    for kind, number in group_keys(SETTINGS):
        for turn in range(3):
            place = GroupKey(kind, number, START // SETTINGS.round_ns + turn)
            drawn = draw(SETTINGS, place)
            mine = [int(each.opened_at.timestamp() * 1e9) for each in opened if each.group == drawn.group.name]
            for mispricing in trajectory(SETTINGS, place, drawn).mispricings:
                start, end = (drawn.opens_ns + step * STEP_NS for step in (mispricing.start, mispricing.end + 1))
                if mispricing.pays:
                    seen.append(any(start - MINUTE <= at <= end for at in mine))
    # Not all: the feed of another leg may stand still, or two mispricings lie on one another.
    assert len(seen) > 10
    assert np.mean(seen) > 0.8
    assert {each.kind for each in opened} == {"buy_all_yes", "buy_all_no", "strike_ladder"}
    assert {each.settlement.outcome for each in found() if each.settlement} >= {"filled"}
    assert all(each.simulated for each in found())


def test_an_event_that_leaves_answers_out_is_no_basket() -> None:
    # The answers that are there nearly always cost less than a dollar.
    assert not [each for each in found() if each.kind == "buy_all_yes" and ":open-" in each.group]


def test_baskets_are_rare() -> None:
    closed = [each for each in found() if each.change == "closed"]
    assert 0 < len(closed) < 3 * 48 * HOURS / 24 * 2
    assert np.median([each.duration_s for each in closed]) < 60.0


def test_whales_are_seen() -> None:
    rows = np.concatenate(
        [each.rows for blocks in all_blocks().values() for each in SpotWhales(WhaleSettings()).on_batch(blocks)[0]]
    )
    told_of = rows[rows["status"] == EMITTED]
    assert 10 < (told_of["kind"] == WHALE_ALONE).sum() < 200


def made() -> SimulatedSource:
    return sim_prediction_source(SETTINGS, 145)


def test_a_source_covers_its_time_range_and_resumes_exactly() -> None:
    parts = made().list_parts()
    assert parts == [f"{shard:03d}" for shard in range(SHARDS)]
    for part in parts[::4]:
        whole, resumed = drained(made, part), drained(made, part, restarts=True)
        assert whole == resumed
        assert {key for key, _ in whole} == {KEYS[int(part)]}
        kind, rows = read_block(whole[-1][1])
        assert (kind, rows["kind"].tolist(), rows["ts"].tolist()) == (
            "trades",
            [KIND_HEARTBEAT],
            [START + 145 * MINUTE],
        )


def test_another_time_range_is_not_resumed() -> None:
    with pytest.raises(RecoveryError, match="this is version 1 from 2024-01-01T00:00:00Z to 2024-01-01T02:25:00Z"):
        sim_prediction_source(SETTINGS, 145).build_part("log", "000", (1, START - PIECE_NS))


def test_a_reader_starting_later_receives_the_open_groups() -> None:
    at_ns = START + 30 * MINUTE
    groups = [
        group.name
        for shard in range(SHARDS)
        for kind, found in map(read_block, SIMULATOR.opening(shard, at_ns))
        if kind == "markets"
        for group in found
    ]
    assert len(groups) == 5
