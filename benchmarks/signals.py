"""1m bars to indicators to signals: ours and NautilusTrader.

Both get the same bars of the same instruments, in memory before the clock starts, and one core; both keep ten
indicators per instrument (SMA 20, EMA 9 and 21, WMA 20, RSI 14, MACD, Bollinger 20, ATR 14, directional movement 14,
CCI 20) up to date and record each cross of the two EMAs with RSI and ATR at that bar. The number of crosses must be
equal, otherwise nothing is reported.

NautilusTrader runs as its users run a backtest: its engine, with a strategy in Python. No orders are placed and its
exchange does not process the bars, so its simulation of fills, which we do not have, costs nothing here. Ours runs once
with just the same indicators and rule, and once as the full dataflow through Bytewax with recovery on: all features,
detectors and strategies in four timeframes, and outcomes.

    python -m benchmarks.signals [--instruments N] [--minutes N] [--peer-minutes N] [--runs N]
"""

import argparse
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.indicators import series
from benchmarks.markets import Ready, names, shard_log
from benchmarks.measuring import applied, slices
from benchmarks.report import Table, median_rate, publish
from benchmarks.timing import Count, timed
from domain.instruments import SHARDS
from flows.settings import EngineSettings
from flows.shards import shard_of_key
from flows.signals import recipe
from operators.catalogue import catalogue
from operators.detect import Detect
from operators.detectors import detector
from operators.features import Feature
from operators.measure import Measure
from operators.view import Floats, View

FEATURES = ("sma", "ema", "wma", "rsi", "macd", "bollinger", "atr", "adx", "cci")
WARM = 300
DIGITS = 5
TABLE = Table(
    "signals",
    "Bars to indicators to signals",
    ("case", "bars", "bars/s per core", "× NautilusTrader"),
    (
        "same ten indicators and rule",
        "full dataflow, 4 timeframes, with recovery",
        "NautilusTrader, ten indicators and the rule",
    ),
)


@detector(cooldown=0)
def crosses(view: View) -> Floats:
    """The fast average crosses the slow one, where RSI and ATR are known."""
    gap, before = view["ema_9"] - view["ema_21"], view.before("ema_9") - view.before("ema_21")
    crossed = (np.sign(gap) != np.sign(before)) & ~np.isnan(before)
    return np.where(crossed & (view["rsi"] >= 0.0) & (view["atr"] > 0.0), np.sign(gap), 0.0)


def run_rule(features: tuple[Feature, ...], given: list[NDArray[Any]]) -> tuple[float, int]:
    """Seconds that indicators and rule take, an hour at a time, and crosses after `WARM` bars."""
    hours = slices(given, names(len(given)), minutes=60)
    measuring, detecting = Measure(features, 1), Detect((crosses,), features, 1)
    began = time.perf_counter()
    noticed = [detecting.on_batch(measuring.on_batch([each])[0])[0][0] for each in hours]
    seconds = time.perf_counter() - began
    warm = given[0]["close_time"][WARM - 1]
    return seconds, sum(int((each.events["ts"] > warm).sum()) for each in noticed)


def run_recipe(given: list[NDArray[Any]]) -> float:
    """Seconds that the whole recipe takes."""
    log = Ready(shard_log(np.stack(given, axis=1).reshape(-1), len(given)))
    sinks = {"count": Count(shard_of_key, SHARDS)}
    return timed(recipe(log, sinks, EngineSettings(lateness_s=0.0), from_bars=True))


def main() -> None:
    """Measure and publish the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instruments", type=int, default=200)
    parser.add_argument("--minutes", type=int, default=5_000)
    parser.add_argument("--peer-minutes", type=int, default=600)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    from benchmarks.peers import nautilus

    whole = [rounded(each) for each in series(options.instruments, options.minutes)]
    part = [each[: options.peer_minutes] for each in whole]
    features = applied(FEATURES)
    run_recipe([each[:100] for each in part])  # compiles, or loads what was compiled
    ours, theirs = run_rule(features, part)[1], nautilus.run(part, WARM)[1]
    if ours != theirs:
        raise SystemExit(f"signals differ: we find {ours:,} crosses, NautilusTrader {theirs:,}")
    count, few = (sum(each.size for each in given) for given in (whole, part))
    rates = (
        median_rate(lambda: run_rule(features, whole)[0], count, options.runs),
        median_rate(lambda: run_recipe(whole), count, options.runs),
        median_rate(lambda: nautilus.run(part, WARM)[0], few, options.runs),
    )
    ideas = catalogue()
    publish(
        TABLE,
        [
            (what, bars, rate, rate / rates[-1])
            for what, bars, rate in zip(TABLE.rows, (count, count, few), rates, strict=True)
        ],
        [
            f"{ours:,} crosses in {few:,} bars, found by both; no orders and no simulated exchange on either side",
            f"full dataflow: {len(ideas.features)} features, {len(ideas.detectors)} detectors and outcomes",
            f"{options.instruments} instruments, one core, medians of {options.runs}",
        ],
    )


def rounded(bars: NDArray[Any]) -> NDArray[Any]:
    """Prices and volumes in the digits that NautilusTrader's fixed-point numbers keep."""
    for name in ("open", "high", "low", "close"):
        bars[name] = np.round(bars[name], DIGITS)
    bars["volume"] = np.ceil(bars["volume"])
    return bars


if __name__ == "__main__":
    main()
