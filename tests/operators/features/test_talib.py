"""Features against TA-Lib, the field's oracle, on made and on recorded bars."""

import numpy as np
import pytest
import talib

from tests.operators.features.markets import FEATURES, Bars, made, recorded


def later(values, bars):
    """The values some bars later, NaN before."""
    return np.concatenate([np.full(bars, np.nan), values[:-bars]])


def adx(bars):
    given = (bars["high"], bars["low"], bars["close"], 14)
    return talib.ADX(*given), talib.PLUS_DI(*given), talib.MINUS_DI(*given)


def aroon(bars):
    down, up = talib.AROON(bars["high"], bars["low"], 25)
    return up, down, talib.AROONOSC(bars["high"], bars["low"], 25)


def atr(bars):
    given = (bars["high"], bars["low"], bars["close"], 14)
    return talib.ATR(*given), talib.NATR(*given)


def awesome_oscillator(bars):
    middle = (bars["high"] + bars["low"]) / 2
    return (talib.SMA(middle, 5) - talib.SMA(middle, 34),)


def bollinger(bars):
    upper, middle, lower = talib.BBANDS(bars["close"], 20, 2.0, 2.0)
    return (upper - lower) / middle, (bars["close"] - lower) / (upper - lower)


def choppiness(bars):
    walked = talib.SMA(talib.TRANGE(bars["high"], bars["low"], bars["close"]), 14) * 14
    return (100 * np.log10(walked / (talib.MAX(bars["high"], 14) - talib.MIN(bars["low"], 14))) / np.log10(14),)


def cmf(bars):
    line = talib.AD(bars["high"], bars["low"], bars["close"], bars["volume"])
    return ((line - later(line, 20)) / talib.SUM(bars["volume"], 20),)


def cmo(bars):
    # TA-Lib goes on with Wilder's averages; of a window alone it is what Chande wrote.
    closes = bars["close"]
    return (np.array([talib.CMO(closes[max(0, at - 14) : at + 1], 14)[-1] for at in range(closes.size)]),)


def donchian(bars):
    high, low = later(talib.MAX(bars["high"], 20), 1), later(talib.MIN(bars["low"], 20), 1)
    return high, low, (bars["close"] - low) / (high - low)


def ichimoku(bars):
    # Ours gives the first line only when the second is there too.
    tenkan, kijun, slow = (talib.MIDPRICE(bars["high"], bars["low"], period) for period in (9, 26, 52))
    return np.where(np.isnan(kijun), np.nan, tenkan), kijun, (tenkan + kijun) / 2, slow


def keltner(bars):
    middle, half = talib.EMA(bars["close"], 20), 2 * talib.ATR(bars["high"], bars["low"], bars["close"], 10)
    return 2 * half / middle, (bars["close"] - (middle - half)) / (2 * half)


def obv(bars):
    line, volume = talib.OBV(bars["close"], bars["volume"]), talib.SUM(bars["volume"], 20)
    change = (line - later(line, 20)) / volume
    return change, np.where(np.isnan(change), np.nan, talib.LINEARREG_SLOPE(line, 20) * 20 / volume)


def ppo(bars):
    line = talib.PPO(bars["close"], 12, 26, talib.MA_Type.EMA)
    signal = talib.EMA(line, 9)
    return np.where(np.isnan(signal), np.nan, line), signal, line - signal


def stochastic_rsi(bars):
    k = talib.STOCHRSI(bars["close"], 14, 14, 1)[0]
    return k, talib.SMA(k, 3)


def tsi(bars):
    change = np.diff(bars["close"], prepend=np.nan)
    net, whole = (talib.EMA(talib.EMA(each, 25), 13) for each in (change, np.abs(change)))
    return (100 * net / whole,)


ORACLES = {
    "adx": adx,
    "aroon": aroon,
    "atr": atr,
    "awesome_oscillator": awesome_oscillator,
    "bollinger": bollinger,
    "cci": lambda bars: (talib.CCI(bars["high"], bars["low"], bars["close"], 20),),
    "choppiness": choppiness,
    "cmf": cmf,
    "cmo": cmo,
    "detrended_price": lambda bars: (later(bars["close"], 11) - talib.SMA(bars["close"], 20),),
    "donchian": donchian,
    "drawdown": lambda bars: (bars["close"] / talib.MAX(bars["high"], 30) - 1,),
    "ema": lambda bars: (talib.EMA(bars["close"], 9), talib.EMA(bars["close"], 21)),
    "ichimoku": ichimoku,
    "kama": lambda bars: (talib.KAMA(bars["close"], 10),),
    "keltner": keltner,
    "macd": lambda bars: talib.MACD(bars["close"], 12, 26, 9),
    "mfi": lambda bars: (talib.MFI(bars["high"], bars["low"], bars["close"], bars["volume"], 14),),
    "obv": obv,
    "ppo": ppo,
    "roc": lambda bars: (talib.ROC(bars["close"], 10),),
    "rsi": lambda bars: (talib.RSI(bars["close"], 14),),
    "sma": lambda bars: (talib.SMA(bars["close"], 20),),
    "stochastic": lambda bars: talib.STOCH(bars["high"], bars["low"], bars["close"], 14, 3, 0, 3, 0),
    "stochastic_rsi": stochastic_rsi,
    "trix": lambda bars: (talib.TRIX(bars["close"], 15),),
    "tsi": tsi,
    "ultimate_oscillator": lambda bars: (talib.ULTOSC(bars["high"], bars["low"], bars["close"], 7, 14, 28),),
    "williams_r": lambda bars: (talib.WILLR(bars["high"], bars["low"], bars["close"], 14),),
    "wma": lambda bars: (talib.WMA(bars["close"], 20),),
}


@pytest.mark.parametrize("market", [made, recorded])
@pytest.mark.parametrize("name", sorted(ORACLES))
def test_equals_talib(name, market):
    bars = market()
    ours = FEATURES[name].over(bars, warm=False)
    for column, theirs in zip(ours, ORACLES[name](bars), strict=True):
        told = ~np.isnan(theirs)
        told[: FEATURES[name].lookback - 1] = False
        assert told.sum() > 1_000
        np.testing.assert_allclose(column[told], theirs[told], rtol=1e-9, atol=1e-9 * np.abs(theirs[told]).max())


@pytest.mark.parametrize("market", [made, recorded])
def test_slope_equals_talib(market):
    bars: Bars = market()
    np.testing.assert_allclose(
        FEATURES["linear_regression"].over(bars)[0], talib.LINEARREG_SLOPE(bars["close"], 20), rtol=1e-9, atol=1e-9
    )
