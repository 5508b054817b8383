"""The same eleven indicators over the same 1m bars: ours, talipp and TA-Lib.

SMA 20, EMA 9 and 21, WMA 20, RSI 14, MACD 12/26/9, Bollinger 20, ATR 14, ADX 14, CCI 20 and Williams %R 14: those that
all three have. One core; the bars are in memory before the clock starts. The last values must agree, otherwise nothing
is reported.

`measure` and talipp are incremental: they process one bar after another and keep the state they need. TA-Lib is not: a
bot that uses it recomputes a window at each bar. Over a whole series at once, TA-Lib is the fastest way to compute a
column of values; that suits research but not a live feed, since it keeps no state. `measure` is shown twice: one minute
at a time, as it runs live, and in large blocks, as in a replay.

    python -m benchmarks.indicators [--instruments N] [--minutes N] [--runs N]
"""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.markets import bars, names
from benchmarks.measuring import applied, run_measure
from benchmarks.report import Table, median_rate, publish

FEATURES = ("sma", "ema", "wma", "rsi", "macd", "bollinger", "atr", "adx", "cci", "williams_r")
WINDOW = 200
TABLE = Table(
    "indicators",
    "Bars to indicators",
    ("case", "bars", "bars/s per core", "µs per bar", "× talipp"),
    (
        "measure, streaming, in blocks",
        "measure, streaming, one minute at a time",
        "TA-Lib, whole series at once",
        f"TA-Lib, recomputed at each bar over {WINDOW} bars",
        "talipp, streaming",
    ),
)
Run = Callable[[list[NDArray[Any]]], tuple[float, dict[str, float]]]


def main() -> None:
    """Measure and publish the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instruments", type=int, default=200)
    parser.add_argument("--minutes", type=int, default=5_000)
    parser.add_argument("--peer-minutes", type=int, default=400, help="for talipp and TA-Lib anew")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    from benchmarks.peers import talib, talipp

    whole = series(options.instruments, options.minutes)
    part = [each[: options.peer_minutes] for each in whole]
    features = applied(FEATURES)
    known = names(options.instruments)
    cases: list[tuple[Run, list[NDArray[Any]]]] = [
        (lambda given: run_measure(features, given, known, minutes=80), whole),
        (lambda given: run_measure(features, given, known, minutes=1), whole),
        (talib.run_whole, whole),
        (lambda given: talib.run_anew(given, WINDOW), part),
        (talipp.run, part),
    ]
    told = []
    for run, given in cases:
        agree(run(part)[1], talib.run_whole(part)[1])
        count = sum(each.size for each in given)
        told.append((count, median_rate(lambda run=run, given=given: run(given)[0], count, options.runs)))  # type: ignore[misc]
    slowest = told[-1][-1]
    publish(
        TABLE,
        [(what, count, rate, 1e6 / rate, rate / slowest) for what, (count, rate) in zip(TABLE.rows, told, strict=True)],
        [
            "SMA, 2 EMA, WMA, RSI, MACD, Bollinger, ATR, ADX, CCI, Williams %R; all agree on the last values",
            f"{options.instruments} instruments, one timeframe, one core, medians of {options.runs}",
        ],
    )


def series(instruments: int, minutes: int) -> list[NDArray[Any]]:
    """Bars of each instrument."""
    together = bars(instruments, minutes).reshape(minutes, instruments)
    return [together[:, at].copy() for at in range(instruments)]


def agree(values: dict[str, float], expected: dict[str, float]) -> None:
    """Refuse to compare the speed of different results."""
    for name, value in expected.items():
        # Recursive averages begin differently here and there, and windows cut them short.
        np.testing.assert_allclose(values[name], value, rtol=1e-4, atol=1e-4, err_msg=name)


if __name__ == "__main__":
    main()
