"""`propose`: the multi-timeframe check and suppression, on handmade markets."""

import numpy as np
import pytest

from domain.clock import MINUTE
from domain.frames import parse_frames
from domain.slices import BAR, EMITTED, EVENT, INCOMPLETE, SUPPRESSED, SUPPRESSED_REASONS, Slice
from operators.catalogue import catalogue
from operators.propose import Propose, ProposeSettings
from operators.strategies import strategy
from tests.builders import START

FRAMES = parse_frames(("1m", "5m", "15m"))
IDEAS = catalogue()
COLUMNS = list(IDEAS.columns)


@strategy(stop_atr=2.0, target_r=1.5, horizon=6, cooldown=2)
def always_long(view):
    """Always long."""
    return np.full(view["close"].size, 0.6)


def instant(at, leans, *, flags=0, atr=1.0, close=100.0):
    """The bars of all frames that end at one instant; `leans` is the gap of the averages in ATR, a frame each."""
    bars = np.zeros(len(leans), BAR)
    bars["close_time"] = START + at
    bars["frame"] = np.arange(len(leans))
    bars["flags"] = flags
    for name in ("open", "high", "low", "close"):
        bars[name] = close
    features = np.full((len(COLUMNS), len(leans)), np.nan)
    features[COLUMNS.index("ema_9")] = 100.0 + np.array(leans) * atr
    features[COLUMNS.index("ema_21")] = 100.0
    features[COLUMNS.index("atr")] = atr
    return Slice(START + at, names=("t:a",), bars=bars, features=features, events=np.zeros(0, EVENT))


def proposed(*slices, required=True, min_aligned=2):
    settings = ProposeSettings(FRAMES, 1, alignment_required=required, min_aligned=min_aligned)
    stage = Propose((always_long,), IDEAS.detectors, IDEAS.features, settings)
    return np.concatenate([each.candidates for each in stage.on_batch(list(slices))[0]])


def test_a_candidate_stands_on_the_close_and_the_average_range():
    (row,) = proposed(instant(15 * MINUTE, [0.5, 0.5, 0.5], atr=2.0, close=101.0))
    assert (row["ts"], row["direction"], row["confidence"], row["status"]) == (START + 15 * MINUTE, 1, 0.6, EMITTED)
    assert (row["entry_price"], row["stop_loss"], row["take_profit"]) == (101.0, 97.0, 107.0)
    assert row["expires_at"] == START + 15 * MINUTE + 6 * 5 * MINUTE


def test_the_check_sees_all_frames_that_end_at_the_instant():
    (row,) = proposed(instant(15 * MINUTE, [0.5, -0.05, 2.0]))
    assert row["mtf_direction"][:3].tolist() == [1, 0, 1]
    assert row["mtf_strength"][:3].tolist() == [0.5, 0.0, 1.0]
    weights = np.sqrt([1, 5, 15])
    assert row["mtf_score"] == pytest.approx((0.5 * weights[0] + 1.0 * weights[2]) / weights.sum())
    assert row["mtf_aligned"] == 1


def test_a_frame_that_ends_later_is_seen_as_it_was():
    rows = proposed(
        instant(15 * MINUTE, [0.5, 0.5, -0.5]),
        instant(20 * MINUTE, [0.5, 0.5]),
        instant(25 * MINUTE, [0.5, 0.5]),
        instant(30 * MINUTE, [0.5, 0.5, 0.8]),
    )
    assert rows["ts"].tolist() == [START + 15 * MINUTE, START + 30 * MINUTE]  # two bars of cooldown between
    assert rows["mtf_direction"][:, 2].tolist() == [-1, 1]


def test_unaligned_candidate_is_suppressed_but_tracked():
    (row,) = proposed(instant(15 * MINUTE, [0.5, -0.5, -0.5]))
    assert (row["mtf_aligned"], row["status"], SUPPRESSED_REASONS[row["reason"]]) == (0, SUPPRESSED, "mtf_not_aligned")
    assert row["mtf_score"] == 0.0
    (free,) = proposed(instant(15 * MINUTE, [0.5, -0.5, -0.5]), required=False)
    assert (free["mtf_aligned"], free["status"]) == (0, EMITTED)


def test_missing_trades_in_any_frame_suppress():
    (row,) = proposed(instant(15 * MINUTE, [0.5, 0.5, 0.5], flags=[0, 0, INCOMPLETE]))
    assert SUPPRESSED_REASONS[row["reason"]] == "incomplete_data"


@pytest.mark.parametrize("atr", [0.0, np.nan, 60.0])
def test_without_room_for_a_stop_nothing_is_proposed(atr):
    assert proposed(instant(15 * MINUTE, [0.5, 0.5, 0.5], atr=atr)).size == 0


def test_only_closed_primary_bars_are_decided_on():
    assert proposed(instant(16 * MINUTE, [0.5])).size == 0
