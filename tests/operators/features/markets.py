"""The markets that features are put to: made, recorded, flat and rough, as columns of the tape."""

import csv
import gzip
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from domain.frames import Frame
from operators.catalogue import catalogue
from operators.features import TAPE
from tests.builders import START, market_bars
from tests.recordings import recording

Bars = dict[str, NDArray[np.float64]]

FEATURES = {feature.name: feature for feature in catalogue().features}


def made() -> Bars:
    """1,500 made bars of an hour, with everything that a venue can tell."""
    bars = market_bars(["test:A"], 1_500, Frame.parse("1h"), seed=7)
    columns = {name: bars[name].astype(float) for name in TAPE[:9]}
    return {**columns, "close_time_s": bars["close_time"] / 1e9, "incomplete": np.zeros(len(bars))}


def flat(count: int = 1_500) -> Bars:
    """Bars in which nothing moves."""
    bars = {column: np.full(count, 5.0) for column in TAPE}
    bars["incomplete"] = np.zeros(count)
    return {**bars, "buy_volume": np.full(count, 2.5), "close_time_s": START / 1e9 + 3600.0 * np.arange(1, count + 1)}


def rough(seed: int, scale: float, count: int = 1_500) -> Bars:
    """5m bars as a bad month brings them: dead and wild times, gaps, no trades, trades that nobody counts."""
    rng = np.random.default_rng(seed)
    wild = np.repeat(rng.choice([0.0, 0.0, 1e-5, 1e-3, 0.05, 0.3], count // 50 + 1), 50)[:count]
    close = np.clip(scale * np.exp(np.cumsum(wild * rng.standard_normal(count))), 1e-6 * scale, 1e6 * scale)
    open_ = np.concatenate([close[:1], close[:-1]]) * np.where(rng.random(count) < 0.02, 1.1, 1.0)
    quiet = np.repeat(rng.random(count // 37 + 1) < 0.25, 37)[:count]
    untold = np.repeat(rng.random(count // 100 + 1) < 0.2, 100)[:count]
    volume = np.where(quiet, 0.0, np.exp(rng.normal(0.0, 3.0, count)))
    told = {
        "quote_volume": volume * close,
        "buy_volume": volume * rng.random(count),
        "trades": np.where(quiet, 0.0, rng.integers(1, 500, count)),
        "largest": volume * 0.5,
    }
    return {
        "open": open_,
        "high": np.maximum(open_, close) * (1.0 + wild * rng.random(count)),
        "low": np.minimum(open_, close) * (1.0 - wild * rng.random(count)),
        "close": close,
        "volume": volume,
        **{name: np.where(untold, np.nan, column) for name, column in told.items()},
        "close_time_s": START / 1e9 + 300.0 * np.arange(1, count + 1),
    }


def recorded() -> Bars:
    """A month of real 5m bars; what such a file does not tell is made up. Skips where it is not at hand."""
    with gzip.open(recording("bars/ADAUSDT_5m.csv.gz"), "rt") as lines:
        rows = list(csv.reader(lines))[1:]
    prices = np.array([[float(cell) for cell in row[1:]] for row in rows])
    bars = dict(zip(("open", "high", "low", "close", "volume"), prices.T.copy(), strict=True))
    volume = bars["volume"]
    return {
        **bars,
        "quote_volume": volume * bars["close"],
        "buy_volume": volume / 3.0,
        "trades": np.round(volume / 50.0) + 1.0,
        "largest": volume / (2.0 + np.arange(volume.size) % 7),
        "close_time_s": np.array([datetime.fromisoformat(row[0]).timestamp() + 300.0 for row in rows]),
    }
