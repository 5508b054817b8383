"""Small markets for tests, from seeded random numbers, so that every run has the same data."""

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from domain.blocks import (
    CONTIGUOUS_IDS,
    KIND_HEARTBEAT,
    NO_ID,
    TRADE,
    bars_block,
    heartbeats,
    names_block,
    trades_block,
)
from domain.clock import MINUTE, SECOND
from domain.frames import Frame
from domain.instruments import instrument_id, shard_of
from domain.slices import BAR

START = 1_704_067_200 * SECOND  # 2024-01-01T00:00:00Z


def names_in_shard(count: int, shard: int = 3, venue: str = "test") -> list[str]:
    """Names of instruments that belong to one shard."""
    found: list[str] = []
    number = 0
    while len(found) < count:
        name = f"{venue}:S{number}"
        if shard_of(instrument_id(name)) == shard:
            found.append(name)
        number += 1
    return found


def trade_rows(rows: list[tuple[int, int, float, float, int]], ids: list[int] | None = None) -> NDArray[Any]:
    """TRADE rows of (ts, instrument, price, size, side), with contiguous ids per instrument unless `ids` is given."""
    out = np.zeros(len(rows), TRADE)
    counts: dict[int, int] = {}
    for at, (ts, instrument, price, size, side) in enumerate(rows):
        counts[instrument] = counts.get(instrument, -1) + 1
        out[at] = (ts, instrument, price, size, counts[instrument], 0, side, 0, CONTIGUOUS_IDS, 0)
    if ids is not None:
        out["id"] = ids
    return out


def market_trades(names: list[str], minutes: int, per_minute: float, seed: int = 1) -> NDArray[Any]:
    """Trades along a random walk over some minutes, in order of time, with contiguous ids per instrument."""
    rng = np.random.default_rng(seed)
    count = int(minutes * per_minute * len(names))
    out = np.zeros(count, TRADE)
    out["ts"] = START + np.sort(rng.integers(0, minutes * MINUTE, count))
    which = rng.integers(0, len(names), count)
    out["instrument"] = np.array([instrument_id(name) for name in names])[which]
    out["price"] = np.round(100.0 * np.exp(np.cumsum(rng.normal(0, 2e-4, count))), 4)
    out["size"] = np.round(rng.exponential(1.0, count) + 0.001, 3)
    out["side"] = rng.choice([-1, 1], count)
    out["flags"] = CONTIGUOUS_IDS
    for at in range(len(names)):
        mine = which == at
        out["id"][mine] = np.arange(mine.sum())
    return out


def market_bars(names: list[str], count: int, frame: Frame, seed: int = 1) -> NDArray[Any]:
    """Closed bars with trends, bursts of volatility, volume and trades, in order of close time."""
    rng = np.random.default_rng(seed)
    out = np.zeros((count, len(names)), BAR)
    for at, name in enumerate(names):
        drift = np.repeat(rng.normal(0, 2e-4, count // 50 + 1), 50)[:count]
        scale = np.repeat(rng.choice([3e-4, 1e-3, 2.5e-3], count // 30 + 1), 30)[:count]
        close = 100.0 * np.exp(np.cumsum(drift + scale * rng.standard_normal(count)))
        open_ = np.concatenate([[100.0], close[:-1]])
        column = out[:, at]
        column["open"], column["close"] = open_, close
        spread = scale * close * rng.random(count)
        column["high"] = np.maximum(open_, close) + spread
        column["low"] = np.minimum(open_, close) - spread
        column["volume"] = np.round(np.exp(rng.normal(3, 1, count)) * (1 + 8 * (rng.random(count) < 0.03)), 3)
        column["quote_volume"] = column["volume"] * (open_ + close) / 2
        column["buy_volume"] = column["volume"] * np.clip(0.5 + 0.4 * np.sin(np.arange(count) / 17 + at), 0, 1)
        column["trades"] = rng.integers(1, 200, count) * np.where(np.arange(count) % 97 < 4, 8, 1)
        column["largest"] = column["volume"] * rng.uniform(0.05, 0.9, count)
        column["instrument"] = instrument_id(name)
    out["open_time"] = (START + np.arange(count) * frame.length_ns)[:, None]
    out["close_time"] = out["open_time"] + frame.length_ns
    return out.reshape(-1)


def blocks_of(rows: NDArray[Any], names: list[str], cuts: list[int]) -> list[list[bytes]]:
    """A log of `rows` in batches that end at `cuts`, preceded by the names."""
    make = trades_block if rows.dtype == TRADE else bars_block
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < len(rows)}), len(rows)]
    batches = [[make(rows[a:b])] for a, b in pairwise(edges)]
    return [[names_block(names)], *batches]


def end(at_ns: int) -> bytes:
    """A block with one heartbeat, the time up to which the log is complete."""
    return trades_block(heartbeats([at_ns]))


@st.composite
def messy_trades(draw: st.DrawFn, instruments: int = 3) -> NDArray[Any]:
    """Faulty trades: out of order, duplicated, late, with gaps, jumps and invalid numbers."""
    names = names_in_shard(instruments)
    count = draw(st.integers(1, 120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = np.zeros(count, TRADE)
    steps = rng.choice([0, 1, 400_000_000, 5 * SECOND, 40 * SECOND, 3 * MINUTE, 80 * MINUTE], count)
    rows["ts"] = START + np.cumsum(steps) - rng.choice([0, 0, 0, SECOND // 2, 2 * SECOND, 90 * SECOND], count)
    rows["instrument"] = np.array([instrument_id(name) for name in names])[rng.integers(0, instruments, count)]
    rows["price"] = np.round(100 + rng.normal(0, 1, count), 2)
    rows["size"] = np.round(rng.exponential(1.0, count) + 0.001, 3)
    rows["side"] = rng.choice([-1, 0, 1], count, p=[0.45, 0.1, 0.45])
    rows["flags"] = rng.choice([0, CONTIGUOUS_IDS], count)
    for name in names:
        mine = rows["instrument"] == instrument_id(name)
        rows["id"][mine] = np.cumsum(rng.choice([0, 1, 1, 1, 2, 300], mine.sum()))
    without = rng.random(count) < 0.1
    rows["id"][without] = NO_ID
    beats = rng.random(count) < 0.05
    rows["kind"][beats] = KIND_HEARTBEAT
    bad = rng.random(count) < 0.03
    rows["price"][bad] = rng.choice([0.0, -1.0, np.nan, np.inf], bad.sum())
    return rows


def records(dtype: np.dtype, *rows: dict[str, object]) -> np.ndarray:
    """A struct array of the rows; fields missing from a row are 0."""
    out = np.zeros(len(rows), dtype)
    for at, row in enumerate(rows):
        for name, value in row.items():
            out[name][at] = value
    return out
