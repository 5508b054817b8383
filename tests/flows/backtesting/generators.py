"""Generators: synthetic markets with known properties.

A bar's close is a step of a random walk; its high and low are those of the Brownian bridge between its
open and its close, whose extremes have a known law. So a stop or a target inside the bar is reached
exactly as often as on the continuous path, and a fair market stays fair for whoever trades in it.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
from numpy.typing import NDArray

from domain.clock import MINUTE

Floats = NDArray[np.float64]

START = 1_700_006_400_000_000_000
"""A midnight."""
STEP = 5 * MINUTE
DAILY = 288
"""Bars of 5 minutes in a day."""


def garch(count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Log returns and their deviations: volatility comes in clusters, direction does not. No edge."""
    alpha, beta, base = 0.06, 0.92, 1.5e-3
    shocks = rng.standard_normal(count)
    returns, deviations = np.empty(count), np.empty(count)
    variance = base**2
    for at in range(count):
        deviations[at] = np.sqrt(variance)
        returns[at] = deviations[at] * shocks[at] - variance / 2  # the price, not its logarithm, is fair
        variance = base**2 * (1 - alpha - beta) + alpha * variance * shocks[at] ** 2 + beta * variance
    return returns, deviations


def trending(count: int, rng: np.random.Generator, *, strength: float) -> tuple[Floats, Floats]:
    """Drift of each bar and its deviation: a direction lasts for 12 to 36 hours, then a new one is drawn."""
    lengths = rng.integers(144, 432, count // 144 + 2)
    drift = np.repeat(rng.choice([-1.0, 1.0], lengths.size), lengths)[:count]
    deviation = 1.5e-3 * np.exp(0.3 * np.sin(np.arange(count) / 97))
    return strength * drift * deviation, deviation


def bars(returns: Floats, deviations: Floats, rng: np.random.Generator) -> pa.Table:
    """OHLCV of a walk with these log returns."""
    logs = np.concatenate([[0.0], np.cumsum(returns)])
    low, high = extremes(logs[:-1], logs[1:], deviations, rng)
    count = returns.size
    opened = START + STEP * np.arange(count)
    return pa.table(
        {
            "open_time": pa.array(opened, pa.timestamp("ns", "UTC")),
            "open": 100 * np.exp(logs[:-1]),
            "high": 100 * np.exp(high),
            "low": 100 * np.exp(low),
            "close": 100 * np.exp(logs[1:]),
            "volume": np.round(np.exp(rng.normal(3, 0.5, count)) * (1 + 200 * deviations), 3),
        }
    )


def extremes(begin: Floats, end: Floats, deviations: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Lowest and highest point of a Brownian bridge (Karatzas and Shreve 1991, §4.3)."""
    spread = (end - begin) ** 2
    reach = [np.sqrt(spread - 2 * deviations**2 * np.log(rng.random(begin.shape))) for _ in range(2)]
    return (begin + end - reach[0]) / 2, (begin + end + reach[1]) / 2


def written(table: pa.Table, path: Path) -> Path:
    """The table as a Feather file."""
    pyarrow.feather.write_feather(table, path)
    return path
