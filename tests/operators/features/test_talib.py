"""Features against TA-Lib, the field's oracle, and against plain numpy where it has none."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import talib

from domain.frames import Frame
from operators.catalogue import catalogue
from operators.features import TAPE
from tests.builders import market_bars

BARS = market_bars(["test:A"], 1_500, Frame.parse("5m"), seed=7)
MADE = {name: BARS[name].astype(float) for name in TAPE}
FEATURES = {feature.name: feature for feature in catalogue().features}


def recorded() -> dict[str, np.ndarray]:
    """A month of real 5m bars, where the folder of recordings is at hand."""
    path = Path("../shared/data/bars/ADAUSDT_5m.csv.gz")
    if not path.exists():
        pytest.skip(f"{path} is not here: recorded data is not part of the project")
    with gzip.open(path, "rt") as lines:
        rows = np.array([[float(cell) for cell in line.split(",")[1:]] for line in list(lines)[1:]])
    bars = dict(zip(("open", "high", "low", "close", "volume"), rows.T.copy(), strict=True))
    return {
        **bars,
        "quote_volume": bars["volume"] * bars["close"],
        "buy_volume": bars["volume"] / 3,
        "trades": bars["volume"],
    }


def bollinger(bars):
    upper, middle, lower = talib.BBANDS(bars["close"], 20, 2.0, 2.0)
    return (upper - lower) / middle, (bars["close"] - lower) / (upper - lower)


def donchian(bars):
    high = np.concatenate([[np.nan], talib.MAX(bars["high"], 20)[:-1]])
    low = np.concatenate([[np.nan], talib.MIN(bars["low"], 20)[:-1]])
    return high, low, (bars["close"] - low) / (high - low)


def directional(bars):
    given = (bars["high"], bars["low"], bars["close"], 14)
    return talib.ADX(*given), talib.PLUS_DI(*given), talib.MINUS_DI(*given)


def ranges(bars):
    given = (bars["high"], bars["low"], bars["close"], 14)
    return talib.ATR(*given), talib.NATR(*given)


ORACLES = {
    "adx": directional,
    "atr": ranges,
    "bollinger": bollinger,
    "cci": lambda bars: (talib.CCI(bars["high"], bars["low"], bars["close"], 20),),
    "donchian": donchian,
    "ema": lambda bars: (talib.EMA(bars["close"], 9), talib.EMA(bars["close"], 21)),
    "macd": lambda bars: talib.MACD(bars["close"], 12, 26, 9),
    "mfi": lambda bars: (talib.MFI(bars["high"], bars["low"], bars["close"], bars["volume"], 14),),
    "roc": lambda bars: (talib.ROC(bars["close"], 10),),
    "rsi": lambda bars: (talib.RSI(bars["close"], 14),),
    "sma": lambda bars: (talib.SMA(bars["close"], 20),),
    "stochastic": lambda bars: talib.STOCH(bars["high"], bars["low"], bars["close"], 14, 3, 0, 3, 0),
}


@pytest.mark.parametrize("market", ["made", "recorded"])
@pytest.mark.parametrize("name", sorted(ORACLES))
def test_equals_talib(name, market):
    bars = MADE if market == "made" else recorded()
    ours = FEATURES[name].over(bars, warm=False)
    for column, theirs in zip(ours, ORACLES[name](bars), strict=True):
        told = ~np.isnan(theirs)
        assert told.sum() > 1_000
        np.testing.assert_allclose(column[told], theirs[told], rtol=1e-9, atol=1e-9 * np.abs(theirs[told]).max())


def efficiency_ratio(bars, at):
    closes = bars["close"][at - 10 : at + 1]
    return abs(closes[-1] - closes[0]) / np.abs(np.diff(closes)).sum()


def volume_zscore(bars, at):
    before = bars["volume"][at - 30 : at]
    logs = np.log(1 + before / before.mean())
    return (np.log(1 + bars["volume"][at] / before.mean()) - logs.mean()) / logs.std()


def order_flow(bars, at):
    volume, bought = bars["volume"][at - 9 : at + 1].sum(), bars["buy_volume"][at - 9 : at + 1].sum()
    return (bought - (volume - bought)) / volume


def vwap(bars, at):
    return (
        bars["close"][at] / (bars["quote_volume"][at - 19 : at + 1].sum() / bars["volume"][at - 19 : at + 1].sum()) - 1
    )


def squeeze(bars, at):
    closes, before = bars["close"][at - 19 : at + 1], bars["close"][at - 20 : at]
    high, low = bars["high"][at - 19 : at + 1], bars["low"][at - 19 : at + 1]
    true_range = np.maximum(high - low, np.maximum(np.abs(high - before), np.abs(low - before)))
    return 2 * closes.std() / (1.5 * true_range.mean())


def garman_klass(bars, at):
    variance = (
        np.log(bars["high"] / bars["low"]) ** 2 / 2 - (2 * np.log(2) - 1) * np.log(bars["close"] / bars["open"]) ** 2
    ).clip(0)[: at + 1]
    weights = (1 - 2 / 31) ** np.arange(at, -1, -1) * np.where(np.arange(at + 1) == 0, 1, 2 / 31)
    return np.sqrt((weights * variance).sum())


NAIVE = {
    "efficiency_ratio": efficiency_ratio,
    "garman_klass": garman_klass,
    "order_flow": order_flow,
    "squeeze": squeeze,
    "volume_zscore": volume_zscore,
    "vwap": vwap,
}


@pytest.mark.parametrize("name", sorted(NAIVE))
def test_equals_its_formula(name):
    ours = FEATURES[name].over(MADE)[0]
    rows = range(200, len(BARS), 37)
    np.testing.assert_allclose(ours[list(rows)], [NAIVE[name](MADE, at) for at in rows], rtol=1e-9)


def test_every_feature_has_an_oracle():
    assert set(FEATURES) == set(ORACLES) | set(NAIVE)


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_keeps_its_promises(name):
    feature = FEATURES[name]
    values = feature.over(MADE)
    assert values.shape == (len(feature.columns), len(BARS))
    assert np.isnan(values[:, : feature.warmup - 1]).all(), "speaks before it is warm"
    warm = values[:, feature.warmup - 1 :]
    assert not np.isnan(warm).any()
    assert ((warm >= feature.low) & (warm <= feature.high)).all()
    assert feature.unit
    assert feature.doc.endswith(".")


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_a_flat_market_gives_finite_values(name):
    flat = {column: np.full(300, 5.0) for column in TAPE}
    flat["buy_volume"] = np.full(300, 2.5)
    assert np.isfinite(FEATURES[name].over(flat)[:, -1]).all()


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_a_new_instrument_in_the_lane_begins_anew(name):
    feature = FEATURES[name]
    tape = np.concatenate([np.array([MADE[column] for column in TAPE])] * 2, axis=1)
    count = len(BARS)
    out = np.full((len(feature.columns), 2 * count), np.nan)
    seen = np.tile(np.arange(1, count + 1), 2)
    feature.kernel(tape, np.arange(2 * count), seen, np.zeros(2 * count, np.int64), np.zeros((1, feature.state)), out)
    np.testing.assert_array_equal(out[:, :count], out[:, count:])
