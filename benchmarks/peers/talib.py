"""TA-Lib: once over each whole series, and anew for each bar over a window, as bots call it."""

import time
from typing import Any

import numpy as np
import talib
from numpy.typing import NDArray

Columns = tuple[NDArray[np.float64], ...]


def indicators(high: Any, low: Any, close: Any) -> tuple[Any, ...]:
    """All indicators of the set over some bars."""
    return (
        talib.SMA(close, 20),
        talib.EMA(close, 9),
        talib.EMA(close, 21),
        talib.WMA(close, 20),
        talib.RSI(close, 14),
        *talib.MACD(close, 12, 26, 9),
        *talib.BBANDS(close, 20, 2.0, 2.0),
        talib.ATR(high, low, close, 14),
        talib.NATR(high, low, close, 14),
        talib.ADX(high, low, close, 14),
        talib.PLUS_DI(high, low, close, 14),
        talib.MINUS_DI(high, low, close, 14),
        talib.CCI(high, low, close, 20),
        talib.WILLR(high, low, close, 14),
    )


def columns(series: list[NDArray[Any]]) -> list[Columns]:
    """High, low and close of each instrument."""
    return [tuple(np.ascontiguousarray(bars[name]) for name in ("high", "low", "close")) for bars in series]


def run_whole(series: list[NDArray[Any]]) -> tuple[float, dict[str, float]]:
    """Seconds for each whole series in one go, and the last values of the first instrument."""
    given = columns(series)
    began = time.perf_counter()
    made = [indicators(*each) for each in given]
    return time.perf_counter() - began, _last(made[0])


def run_anew(series: list[NDArray[Any]], window: int) -> tuple[float, dict[str, float]]:
    """Seconds for each bar anew over the last `window` bars, and the last values of the first instrument."""
    given = columns(series)
    began = time.perf_counter()
    for end in range(1, given[0][0].size + 1):
        begin = max(0, end - window)
        made = [indicators(*(column[begin:end] for column in each)) for each in given]
    return time.perf_counter() - began, _last(made[0])


def _last(made: tuple[Any, ...]) -> dict[str, float]:
    sma, fast, slow, wma, rsi, macd, signal, _, up, middle, low, atr, _, adx, _, _, cci, williams = (
        each[-1] for each in made
    )
    values = {"sma_20": sma, "ema_9": fast, "ema_21": slow, "wma_20": wma, "rsi": rsi, "macd": macd}
    values |= {"macd_signal": signal, "atr": atr, "adx": adx, "bollinger_width": (up - low) / middle}
    return values | {"cci": cci, "williams_r": williams}
