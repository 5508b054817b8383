"""`roll`, against its naive reference and in edge cases."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.blocks import (
    CONTIGUOUS_IDS,
    KIND_GAP,
    NO_ID,
    TRADE,
    bars_block,
    heartbeats,
    markets_block,
    names_block,
    quotes_block,
    trades_block,
    wallets_block,
)
from domain.clock import DAY, HOUR, MINUTE, SECOND
from domain.frames import parse_frames
from domain.instruments import instrument_id
from domain.quotes import QUOTE
from domain.slices import BAR, FIRST, INCOMPLETE, SYNTHETIC
from operators.roll import Roll, RollSettings
from tests import naive
from tests.builders import START, market_trades, messy_trades, names_in_shard, trade_rows
from tests.domain.test_markets import GROUP

FRAMES = parse_frames(("1m", "5m", "15m", "1h"))
NAMES = names_in_shard(3)
ONE = instrument_id(NAMES[0])


def rolled(trades, *, settings=None, until=None):
    """Slices of a shard that saw these trades and then the time `until`."""
    roll = Roll(settings or RollSettings(FRAMES))
    rows = trades if until is None else np.concatenate([trades, heartbeats([until])])
    return roll.on_batch([names_block(NAMES), trades_block(rows)])[0]


def bars_of(slices):
    return np.concatenate([np.empty(0, BAR), *(each.bars for each in slices)])


@settings(max_examples=150)
@given(messy_trades())
def test_equals_its_naive_twin(trades):
    slices = rolled(trades, settings=RollSettings(FRAMES, quiet_ns=1000 * DAY))
    expected, counts = naive.bars(trades, [frame.length_ns for frame in FRAMES])
    got = {
        (
            int(bar["close_time"]), int(bar["frame"]), int(bar["instrument"]),
            float(bar["open"]), float(bar["high"]), float(bar["low"]), float(bar["close"]),
            float(bar["volume"]), int(bar["trades"]), bool(bar["flags"] & SYNTHETIC),
        )
        for bar in bars_of(slices)
    }  # fmt: skip
    assert got == expected
    roll = Roll(RollSettings(FRAMES, quiet_ns=1000 * DAY))
    every = [*roll.on_batch([names_block(NAMES), trades_block(trades)])[0], *roll.on_eof()[0]]
    assert {name: sum(getattr(each.counts, name) for each in every) for name in counts} == counts


@settings(max_examples=60)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_order_within_the_lateness_does_not_matter(random, seed):
    trades = market_trades(NAMES, 7, 40, seed)
    doubled = np.concatenate([trades, trades[:: seed + 1]])
    jitter = np.array([random.randrange(SECOND) for _ in range(doubled.size)])
    shuffled = doubled[np.argsort(doubled["ts"] + jitter, kind="stable")]
    end = START + 10 * MINUTE
    one, other = bars_of(rolled(trades, until=end)), bars_of(rolled(shuffled, until=end))
    key = ["close_time", "instrument", "frame"]
    for name in BAR.names:
        if name not in ("slot", "flags", "available_at"):
            np.testing.assert_array_equal(np.sort(one, order=key)[name], np.sort(other, order=key)[name], err_msg=name)


def test_a_trade_on_the_boundary_belongs_to_the_next_bar():
    trades = trade_rows(
        [
            (START + MINUTE - 1, ONE, 1.0, 1.0, 1),
            (START + MINUTE, ONE, 2.0, 1.0, 1),
            (START + MINUTE + 1, ONE, 3.0, 1.0, 1),
        ]
    )
    bars = bars_of(rolled(trades, until=START + 3 * MINUTE))
    minutes = bars[bars["frame"] == 0]
    assert [(bar["open"], bar["close"], bar["trades"]) for bar in minutes] == [(1.0, 1.0, 1), (2.0, 3.0, 2)]


def test_rows_stand_by_close_time_then_slot_then_frame():
    bars = bars_of(rolled(market_trades(NAMES, 200, 5), until=START + 210 * MINUTE))
    key = np.stack([bars["close_time"], bars["slot"], bars["frame"]], axis=1).tolist()
    assert key == sorted(key)


def test_a_bar_says_from_which_trades_and_when_it_was_known():
    trades = trade_rows([(START + at * 10 * SECOND, ONE, 1.0, 1.0, 1) for at in range(40)])
    bars = bars_of(rolled(trades, until=START + 7 * MINUTE))
    minutes, fives = bars[bars["frame"] == 0], bars[bars["frame"] == 1]
    assert minutes[["first_id", "last_id"]].tolist()[:2] == [(0, 5), (6, 11)]
    assert minutes["available_at"].tolist()[:2] == [START + 70 * SECOND, START + 130 * SECOND]
    assert fives[["first_id", "last_id", "available_at"]].tolist() == [(0, 29, START + 310 * SECOND)]


def test_volumes_equal_fsum():
    rng = np.random.default_rng(5)
    sizes = np.round(rng.exponential(1, 5_000) * 10.0 ** rng.integers(-6, 6, 5_000), 8) + 1e-8
    trades = trade_rows([(START + at, ONE, 1.0, float(size), 1) for at, size in enumerate(sizes)])
    bar = bars_of(rolled(trades, until=START + 2 * MINUTE))[0]
    assert bar["volume"] == math.fsum(sizes)
    assert bar["buy_volume"] == math.fsum(sizes)
    assert bar["largest"] == sizes.max()


def test_the_end_of_the_input_closes_nothing():
    trades = market_trades(NAMES, 3, 50)
    roll = Roll(RollSettings(FRAMES))
    before = roll.on_batch([names_block(NAMES), trades_block(trades)])[0]
    after = roll.on_eof()[0]
    assert bars_of(after).size == 0
    assert sum(each.counts.accepted for each in [*before, *after]) == trades.size
    assert bars_of(before)["close_time"].max() <= trades["ts"].max() - SECOND


def test_a_late_trade_changes_no_bar_and_is_counted():
    trades = market_trades(NAMES, 5, 50)
    late = trade_rows([(START + 10, ONE, 1e6, 1e6, 1)], ids=[NO_ID])
    kept = rolled(np.concatenate([trades, late]), until=START + 9 * MINUTE)
    assert bars_of(kept).tobytes() == bars_of(rolled(trades, until=START + 9 * MINUTE)).tobytes()
    assert sum(each.counts.late for each in kept) == 1
    assert sum(each.counts.late_quote_volume for each in kept) == 1e12


def test_a_missing_id_is_a_gap_and_marks_the_bar():
    trades = trade_rows([(START + at * SECOND, ONE, 1.0, 1.0, 1) for at in range(0, 300, 10)])
    slices = rolled(trades[np.arange(trades.size) != 14], until=START + 6 * MINUTE)
    bars = bars_of(slices)
    minutes = bars[bars["frame"] == 0]
    assert [bool(flag) for flag in minutes["flags"] & INCOMPLETE] == [
        True,
        False,
        True,
        False,
        False,
    ]  # the first is partial
    gaps = np.concatenate([each.gaps for each in slices])
    assert gaps[["detected_at", "first_id", "last_id", "missing"]].tolist() == [(START + 3 * MINUTE, 11, 17, 1)]
    fives = bars[bars["frame"] == 1]
    assert fives["flags"].tolist() == [INCOMPLETE | FIRST]


def test_ids_that_skip_are_no_gap_unless_the_venue_counts_one_by_one():
    trades = trade_rows([(START + at * SECOND, ONE, 1.0, 1.0, 1) for at in range(0, 300, 10)])
    trades["id"] *= 7
    trades["flags"] = 0
    assert sum(each.gaps.size for each in rolled(trades, until=START + 6 * MINUTE)) == 0
    trades["flags"] = CONTIGUOUS_IDS
    assert sum(each.gaps.size for each in rolled(trades, until=START + 6 * MINUTE)) == 5


def test_a_gap_mark_makes_the_open_bar_incomplete():
    trades = market_trades(NAMES, 6, 60)
    mark = heartbeats([START + 3 * MINUTE + 30 * SECOND])
    mark["kind"], mark["instrument"] = KIND_GAP, ONE
    at = np.searchsorted(trades["ts"], mark["ts"][0])
    slices = rolled(np.concatenate([trades[:at], mark, trades[at:]]), until=START + 8 * MINUTE)
    minutes = bars_of(slices)
    mine = minutes[(minutes["frame"] == 0) & (minutes["instrument"] == ONE)]
    assert [int(at) for at in np.nonzero(mine["flags"] & INCOMPLETE)[0]] == [0, 3]
    gaps = np.concatenate([each.gaps for each in slices])
    assert gaps[["detected_at", "missing"]].tolist() == [(START + 4 * MINUTE, -1)]


def test_a_quiet_instrument_is_forgotten_and_its_slot_used_again():
    settings = RollSettings(FRAMES, quiet_ns=HOUR)
    rows = [
        (START, ONE, 1.0, 1.0, 1),
        (START + 90 * MINUTE, instrument_id(NAMES[1]), 2.0, 1.0, 1),
        (START + 91 * MINUTE, ONE, 5.0, 1.0, 1),
    ]
    slices = rolled(trade_rows(rows), settings=settings, until=START + 93 * MINUTE)
    bars = bars_of(slices)
    mine = bars[(bars["instrument"] == ONE) & (bars["frame"] == 0)]
    assert mine["close_time"][-1] == START + 92 * MINUTE
    assert (np.diff(mine["close_time"]) > MINUTE).sum() == 1  # flat bars for an hour, then silence, then a new life
    assert mine["flags"][-1] & FIRST
    for each in slices:
        for bar in each.bars:
            assert instrument_id(each.names[bar["slot"]]) == bar["instrument"]


def test_jump_of_years_costs_no_more_than_the_quiet_time():
    later = START + 3650 * DAY
    slices = rolled(trade_rows([(START, ONE, 1.0, 1.0, 1), (later, ONE, 2.0, 1.0, 1)]), until=later + 2 * MINUTE)
    minutes = bars_of(slices)
    assert (minutes["frame"] == 0).sum() == 3 * 24 * 60 + 1 + 1 + 0
    assert minutes["close"][-1] == 2.0


def test_many_instruments_grow_the_state():
    names = names_in_shard(300)
    rows = [(START + at, instrument_id(name), 1.0, 1.0, 1) for at, name in enumerate(names)]
    roll = Roll(RollSettings(FRAMES))
    slices, _ = roll.on_batch(
        [names_block(names), trades_block(trade_rows(rows)), trades_block(heartbeats([START + 2 * MINUTE]))]
    )
    assert [each.names for each in slices] == [tuple(names)]
    assert sorted(slices[0].bars["slot"].tolist()) == list(range(300))


@pytest.mark.parametrize("frames", ["1m", "1m 5m 15m 1h"])
def test_many_instruments_may_come_in_one_block(frames):
    bars = np.zeros((8, 1_100), BAR)
    bars["instrument"] = np.arange(1, 1_101)
    bars["open_time"] = (START + np.arange(8) * MINUTE)[:, None]
    bars["close_time"] = bars["open_time"] + MINUTE
    for column in ("open", "high", "low", "close"):
        bars[column] = 1.0
    roll = Roll(RollSettings(parse_frames(tuple(frames.split())), 0))
    (made,) = roll.on_batch([bars_block(bars.reshape(-1)), trades_block(heartbeats([START + 9 * MINUTE]))])[0]
    assert (made.bars["frame"] == 0).sum() == 8 * 1_100 + 1_100  # and a flat one of each
    assert made.counts.accepted == 8 * 1_100


def test_unknown_sides_leave_the_buy_volume_unknown():
    bars = bars_of(
        rolled(trade_rows([(START, ONE, 1.0, 1.0, 1), (START + 1, ONE, 1.0, 1.0, 0)]), until=START + 2 * MINUTE)
    )
    assert np.isnan(bars["buy_volume"][0])
    assert bars["volume"][0] == 2.0


def test_bars_as_input_are_folded_and_whole():
    rows = np.zeros(10, BAR)
    rows["open_time"] = START + np.arange(10) * MINUTE
    rows["close_time"] = rows["open_time"] + MINUTE
    rows["instrument"] = ONE
    rows["open"] = rows["close"] = np.arange(1.0, 11.0)
    rows["high"], rows["low"] = rows["close"] + 0.5, rows["close"] - 0.5
    rows["volume"], rows["quote_volume"], rows["buy_volume"], rows["trades"] = 2.0, np.nan, np.nan, -1
    roll = Roll(RollSettings(FRAMES, lateness_ns=0, partial_first=False))
    missing = rows[np.arange(10) != 7]
    slices, _ = roll.on_batch(
        [names_block(NAMES), bars_block(missing), trades_block(heartbeats([START + 10 * MINUTE]))]
    )
    bars = bars_of(slices)
    fives = bars[bars["frame"] == 1]
    assert fives[["open", "high", "low", "close", "volume", "trades"]].tolist() == [
        (1.0, 5.5, 0.5, 5.0, 10.0, -1),
        (6.0, 10.5, 5.5, 10.0, 8.0, -1),
    ]
    assert np.isnan(fives["quote_volume"]).all()
    assert (fives["flags"] & INCOMPLETE == 0).all()
    minutes = bars[bars["frame"] == 0]
    assert minutes.size == 10
    assert minutes["flags"].tolist()[7] == SYNTHETIC


def test_other_kinds_of_blocks_are_ignored():
    trades = market_trades(NAMES, 3, 20)
    quotes = np.ones(5, QUOTE)
    quotes["ts"] = START + DAY
    others = [quotes_block(quotes), markets_block([GROUP]), wallets_block(["0x11"])]
    roll = Roll(RollSettings(FRAMES))
    slices, _ = roll.on_batch([others[0], names_block(NAMES), *others, trades_block(trades), *others])
    assert bars_of(slices).tobytes() == bars_of(rolled(trades)).tobytes()


def test_an_unknown_block_is_refused_by_name():
    with pytest.raises(ValueError, match="TRADES99"):
        Roll(RollSettings(FRAMES)).on_batch([b"TRADES99"])


def test_trades_dtype_is_what_old_logs_hold():
    assert TRADE.itemsize == 56
