"""The markets that features are put to: a made one, a recorded one and a flat one, as columns of the tape."""

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
    columns = {name: bars[name].astype(float) for name in TAPE if name != "close_time_s"}
    return {**columns, "close_time_s": bars["close_time"] / 1e9}


def flat(count: int = 1_500) -> Bars:
    """Bars in which nothing moves."""
    bars = {column: np.full(count, 5.0) for column in TAPE}
    return {**bars, "buy_volume": np.full(count, 2.5), "close_time_s": START / 1e9 + 3600.0 * np.arange(1, count + 1)}


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
