"""talipp: incremental indicators in plain Python, an object an indicator and instrument."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from talipp.indicators import ADX, ATR, BB, CCI, EMA, MACD, RSI, SMA, WMA, Williams
from talipp.ohlcv import OHLCV

OF_CLOSES: Any = (
    lambda: SMA(20), lambda: EMA(9), lambda: EMA(21), lambda: WMA(20), lambda: RSI(14), lambda: MACD(12, 26, 9),
    lambda: BB(20, 2.0),
)  # fmt: skip
OF_BARS: Any = (lambda: ATR(14), lambda: ADX(14, 14), lambda: CCI(20), lambda: Williams(14))


def run(series: list[NDArray[Any]]) -> tuple[float, dict[str, float]]:
    """Seconds for all bars of all instruments, bar by bar, and the last values of the first instrument."""
    books = [([make() for make in OF_CLOSES], [make() for make in OF_BARS]) for _ in series]
    feeds = [[OHLCV(*row) for row in bars[["open", "high", "low", "close", "volume"]].tolist()] for bars in series]
    began = time.perf_counter()
    for minute in zip(*feeds, strict=True):
        for (of_closes, of_bars), bar in zip(books, minute, strict=True):
            close = bar.close
            for each in of_closes:
                each.add(close)
            for each in of_bars:
                each.add(bar)
    seconds = time.perf_counter() - began
    (sma, fast, slow, wma, rsi, macd, bands), (atr, adx, cci, williams) = books[0]
    values = {"sma_20": sma[-1], "ema_9": fast[-1], "ema_21": slow[-1], "wma_20": wma[-1], "rsi": rsi[-1]}
    values |= {"macd": macd[-1].macd, "macd_signal": macd[-1].signal, "atr": atr[-1], "adx": adx[-1].adx}
    width = (bands[-1].ub - bands[-1].lb) / bands[-1].cb
    return seconds, values | {"bollinger_width": width, "cci": cci[-1], "williams_r": np.float64(williams[-1])}
