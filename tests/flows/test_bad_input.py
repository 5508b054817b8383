"""Bad input is handled as in the README's table: a bad row changes only its own count."""

import os
from pathlib import Path

import msgspec
import numpy as np
import pytest

from domain.clock import DAY, HOUR, MINUTE, SECOND
from domain.errors import SettingError
from domain.frames import Frame
from flows.__main__ import main
from flows.replay import Plan, Summary, replay
from flows.settings import EngineSettings
from tests.builders import START, market_bars, market_trades

NAME = "test:A"
TRADES = market_trades([NAME], 100, 12.0)
BARS = market_bars([NAME], 200, Frame.parse("1m"))
MIDDLE = 600
NOW = int(TRADES["ts"][MIDDLE])
OHLCV = ("open", "high", "low", "close", "volume")


def trade_line(row) -> str:
    return f"{row['ts']},{row['price']},{row['size']},{row['id']},{row['side']}"


def bar_line(row) -> str:
    return ",".join(str(row[name]) for name in ("open_time", *OHLCV))


def concluded(path: Path, header: str, lines: list[str], settings: EngineSettings | None = None) -> Summary:
    """The summary of a replay of these lines, without its duration."""
    path.write_text("\n".join([header, *lines]) + "\n")
    summary = replay(Plan(paths=[str(path)], instrument=NAME, settings=settings or EngineSettings()))
    return msgspec.structs.replace(summary, seconds=0.0, trades_per_second=0)


def of_trades(path: Path, *more: str) -> Summary:
    """The market with additional lines in the middle."""
    lines = [trade_line(row) for row in TRADES]
    return concluded(path, "ts,price,size,id,side", [*lines[:MIDDLE], *more, *lines[MIDDLE:]])


def of_bars(path: Path, *more: str) -> Summary:
    lines = [bar_line(row) for row in BARS]
    return concluded(path, "open_time,open,high,low,close,volume", [*lines[:100], *more, *lines[100:]])


@pytest.mark.parametrize(
    ("line", "counted"),
    [
        *((f"{NOW},{bad},1,,", "rejects") for bad in ("nan", "0", "-1", "inf", "-inf", "", "many")),
        *((f"{NOW},1,{bad},,", "rejects") for bad in ("nan", "0", "-1", "inf", "", "many")),
        (f"{NOW},1e200,1e200,,", "rejects"),
        (f"{NOW},1,1,,up", "rejects"),
        (f"{NOW},1", "rejects"),
        ("soon,1,1,,", "rejects"),
        ("7,1,1,,", "rejects"),  # in 1970
        ("-7,1,1,,", "rejects"),
        (f"{NOW + 400 * DAY},1,1,,", "rejects"),
        ("4102444800,1,1,,", "rejects"),  # in the year 2100
        (f"{NOW - HOUR},1,1,,", "late"),
        (f"{NOW - 400 * DAY},1,1,,", "late"),
        (trade_line(TRADES[MIDDLE - 3]), "duplicates"),
    ],
)
def test_a_bad_trade_changes_nothing_and_is_counted(tmp_path, line, counted):
    clean = of_trades(tmp_path / "x.csv")
    assert of_trades(tmp_path / "x.csv", line) == msgspec.structs.replace(clean, **{counted: 1})


def test_time_may_go_back_within_the_lateness(tmp_path):
    lines = [trade_line(row) for row in TRADES]
    gaps = np.diff(TRADES["ts"])
    same_minute = TRADES["ts"][1:-1] // MINUTE == TRADES["ts"][2:] // MINUTE
    at = int(np.flatnonzero((gaps[1:] < SECOND) & same_minute)[20]) + 1
    assert TRADES["ts"][at] < TRADES["ts"][at + 1]
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    assert concluded(tmp_path / "x.csv", "ts,price,size,id,side", lines) == of_trades(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("wrong", "counted"),
    [
        *(({name: bad}, "rejects") for name in ("open", "low", "volume") for bad in (np.nan, np.inf, -1.0)),
        *(({name: 0.0}, "rejects") for name in ("open", "high", "low", "close")),
        ({"high": 1.0}, "rejects"),
        ({"open": 1e6}, "rejects"),
        ({"open_time": BARS["open_time"][100] + SECOND}, "rejects"),
        ({"open_time": START + 400 * DAY}, "rejects"),
        ({"open_time": START}, "rejects"),  # in a file of bars time only moves on
        ({}, "duplicates"),
    ],
)
def test_a_bad_bar_changes_nothing_and_is_counted(tmp_path, wrong, counted):
    bad = BARS[99].copy()
    for name, value in wrong.items():
        bad[name] = value
    clean = of_bars(tmp_path / "x-1m.csv")
    assert of_bars(tmp_path / "x-1m.csv", bar_line(bad)) == msgspec.structs.replace(clean, **{counted: 1})


SAID = "timeframe '5m' is not a multiple of '2m', from which it is folded; leave one of them out"


def test_frames_that_do_not_nest_are_refused_wherever_they_are_given(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    of_trades(tmp_path / "x.csv")
    arguments = ["replay", "x.csv", "--instrument", NAME]
    refused = (2, ("", f"signalengine: {SAID}\n"))
    assert (main([*arguments, "--timeframes", "5m,2m"]), capsys.readouterr()) == refused
    monkeypatch.setenv("SIGNALENGINE_ENGINE_TIMEFRAMES", "2m,5m")
    assert (main(arguments), capsys.readouterr()) == refused
    monkeypatch.delenv("SIGNALENGINE_ENGINE_TIMEFRAMES")
    Path("signalengine.toml").write_text('[engine]\ntimeframes = ["2m", "5m"]\n')
    assert (main(arguments), capsys.readouterr()) == refused
    with pytest.raises(SettingError, match=SAID):
        EngineSettings(timeframes=("2m", "5m")).checked()
    assert sorted(os.listdir(tmp_path)) == ["signalengine.toml", "x.csv"]


def test_frames_need_only_be_multiples_of_the_finest(tmp_path):
    settings = EngineSettings(timeframes=("1m", "7m", "15m"), primary_timeframe="1m")
    lines = [bar_line(row) for row in BARS]
    made = concluded(tmp_path / "x-1m.csv", "open_time,open,high,low,close,volume", lines, settings).bars
    lengths = {frame.name: frame.length_ns for frame in settings.frames}
    last = int(BARS["close_time"][-1])
    assert made == {name: last // length - START // length for name, length in lengths.items()}
