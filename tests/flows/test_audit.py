"""The audits find and name planted leaks, and report no others."""

import dataclasses
import json

import numpy as np
import polars as pl
import pytest

from domain.errors import InputError
from domain.frames import Frame
from flows.__main__ import main
from flows.audit import lookahead, recursion
from flows.settings import EngineSettings
from flows.sources.files import files
from operators.catalogue import catalogue
from operators.detectors import detector
from operators.features import CLOSE, feature
from operators.strategies import strategy
from tests.builders import market_bars
from tests.recordings import recording

SETTINGS = EngineSettings(timeframes=("5m", "15m", "1h"), primary_timeframe="5m")


@feature(unit="price", lookback=1)
def one_candle_ahead(tape, at, seen, lane, state, out):
    """Tomorrow's close."""
    for row in range(at.size):
        out[0, row] = tape[CLOSE, min(at[row] + 1, tape.shape[1] - 1)]


@feature(unit="fraction", lookback=1)
def share_of_all(tape, at, seen, lane, state, out):
    """The close relative to the highest close of all data: a careless normalisation."""
    top = tape[CLOSE].max()
    for row in range(at.size):
        out[0, row] = tape[CLOSE, at[row]] / top


@detector(cooldown=1)
def knows_the_next_bar(view):
    """Fires before a rise."""
    return np.where(np.roll(view["close"], -1) > view["close"], 0.5, 0.0)


@strategy(stop_atr=1.0, target_r=1.0, horizon=10, cooldown=1)
def buys_before_rises(view):
    """Buys when the next primary bar is higher."""
    return np.where(np.roll(view["close"], -1) > view["close"], 0.5, 0.0)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    rows = market_bars(["test:A", "test:B"], 900, Frame.parse("5m"))
    path = tmp_path_factory.mktemp("audit") / "bars.parquet"
    symbols = np.where(np.arange(rows.size) % 2 == 0, "test:A", "test:B")
    columns = {name: rows[name] for name in ("open", "high", "low", "close", "volume")}
    pl.DataFrame({"time": rows["open_time"], "instrument": symbols, **columns}).write_parquet(path)
    return files([path])


def with_idea(kind, idea):
    whole = catalogue()
    return dataclasses.replace(whole, **{kind: (*getattr(whole, kind), idea)})


def test_the_catalogue_has_no_violations(opened):
    report = lookahead(opened, SETTINGS, cuts=5)
    assert report.violations == []
    assert report.bars > 1_800
    assert (report.features, report.detectors) == (len(catalogue().features), len(catalogue().detectors))


@pytest.mark.parametrize(
    ("kind", "idea", "named"),
    [
        ("features", one_candle_ahead, "feature one_candle_ahead"),
        ("features", share_of_all, "feature share_of_all"),
        ("detectors", knows_the_next_bar, "detector knows_the_next_bar"),
        ("strategies", buys_before_rises, "strategy buys_before_rises"),
    ],
)
def test_a_planted_leak_is_named_and_nothing_else_is(opened, kind, idea, named):
    report = lookahead(opened, SETTINGS, cuts=5, ideas=with_idea(kind, idea))
    assert [violation.idea for violation in report.violations] == [named]
    assert report.violations[0].instrument.startswith("test:")


def test_recursion_measures_the_error_of_a_short_history(opened):
    rows = recursion(opened, SETTINGS, histories=(0.5, 4.0))
    off = {(row.feature, row.frame, row.history / row.warmup > 1): row.off for row in rows}
    assert off["rsi", "5m", False] > 10 * off["rsi", "5m", True]
    assert off["rsi", "5m", True] < 1e-6
    assert off["sma_20", "5m", True] == 0.0
    assert np.isnan(off["sma_20", "5m", False])


def test_real_bars_have_no_violations(capsys):
    path = str(recording("bars/ADAUSDT_15m.csv.gz"))
    assert main(["audit", "lookahead", path, "--instrument", "binance:ADAUSDT", "--primary", "15m", "--cuts", "3"]) == 0
    assert "no look-ahead bias found" in capsys.readouterr().out
    assert main(["audit", "lookahead", path, "--instrument", "a:b", "--primary", "15m", "--cuts", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["guilty"] == []


def test_data_without_closed_bars_cannot_be_audited(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("ts,price,size\n2024-01-01T00:00:00Z,1,1\n")
    opened = files([path], instrument="test:A")
    for audit in (lookahead, recursion):
        with pytest.raises(InputError, match="no bar closes in the data"):
            audit(opened, EngineSettings())
