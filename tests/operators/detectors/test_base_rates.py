"""How often detectors fire on real bars: each does, and none so often that it says nothing."""

import zipfile
from functools import cache

import numpy as np
import pytest

from domain.blocks import NO_ID, TRADE
from domain.frames import parse_frames
from domain.instruments import instrument_id
from flows.chain import build, run
from operators.catalogue import catalogue
from tests.builders import START, blocks_of, market_bars, names_in_shard
from tests.laws import chain
from tests.operators.histories import SYMBOLS, history
from tests.recordings import recording

NUMBERS = {detector.name: at for at, detector in enumerate(catalogue().detectors)}
FROM_TRADES = {"flow_imbalance", "large_print", "trade_burst"}
"""They need taker sides or single trades, which files of bars do not tell."""


def test_there_are_enough_detectors():
    assert len(NUMBERS) >= 14


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("name", sorted(set(NUMBERS) - FROM_TRADES))
def test_fires_but_on_no_more_than_one_bar_in_twenty(name, symbol):
    found = history(symbol)
    frames = found.events["frame"][found.events["detector"] == NUMBERS[name]]
    share = np.bincount(frames, minlength=found.bars.size) / found.bars
    assert (share > 0.0).all()
    assert (share <= 0.05).all()


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("name", sorted(FROM_TRADES))
def test_is_silent_where_single_trades_are_not_told(name, symbol):
    assert not (history(symbol).events["detector"] == NUMBERS[name]).any()


@pytest.mark.parametrize("name", sorted(FROM_TRADES))
def test_fires_where_they_are(name):
    frames, names = parse_frames(("5m", "15m")), names_in_shard(1)
    slices = run(build(chain(frames, from_bars=True)), blocks_of(market_bars(names, 3_000, frames[0]), names, []))
    assert any((each.events["detector"] == NUMBERS[name]).any() for each in slices)


@pytest.mark.parametrize("name", ["large_print", "trade_burst"])
def test_fires_on_real_trades_but_on_no_more_than_one_bar_in_twenty(name):
    bars, events = of_trades()
    assert 0 < (events["detector"] == NUMBERS[name]).sum() <= 0.05 * bars


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_strength_and_direction_are_what_the_detector_promises(symbol):
    events = history(symbol).events
    assert ((events["strength"] > 0.0) & (events["strength"] <= 1.0)).all()
    directed = np.array([detector.directed for detector in catalogue().detectors])[events["detector"]]
    np.testing.assert_array_equal(np.abs(events["direction"]), directed)
    for number, detector in enumerate(catalogue().detectors):
        if detector.directed and detector.name not in FROM_TRADES:
            assert set(events["direction"][events["detector"] == number]) == {-1, 1}


@cache
def of_trades():
    """Bars of 15 s from one day of SPY, and what was noticed on them."""
    with zipfile.ZipFile(recording("ticks/spy_tick_trades_20131007.zip")) as archive:
        lines = archive.read(archive.namelist()[0]).decode().splitlines()
    name, frames = "nasdaq:SPY", parse_frames(("15s",))
    rows = np.zeros(len(lines), TRADE)
    milliseconds, price, size = np.array([line.split(",")[:3] for line in lines]).T.astype(np.int64)
    rows["ts"], rows["instrument"] = START + milliseconds * 1_000_000, instrument_id(name)
    rows["price"], rows["size"], rows["id"] = price / 10_000, size, NO_ID
    slices = run(build(chain(frames, from_bars=False)), blocks_of(rows, [name], []))
    return sum(each.bars.size for each in slices), np.concatenate([each.events for each in slices])
