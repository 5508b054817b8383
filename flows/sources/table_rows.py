"""Table rows: convert the columns of a table to rows of trades or bars, and validate them."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from domain import clock
from domain.blocks import NO_ID, TRADE, Rows
from domain.frames import Frame
from domain.slices import BAR
from flows.sources import cells
from flows.sources.columns import Column

EARLIEST_NS = 365 * clock.DAY
"""No market was recorded in 1970; such a time is a number with the wrong unit or origin."""
LATEST_NS = 4_102_444_800 * clock.SECOND
"""The year 2100, for the same reason."""

AHEAD_NS = clock.DAY
"""A row this far ahead of its neighbours has a wrong timestamp. No recorder reorders rows by so much."""

Rules = dict[str, NDArray[np.bool_]]
"""Reason to the mask of rows that are invalid for it."""


def trades(batch: pa.RecordBatch, columns: Mapping[str, Column]) -> tuple[Rows, Rules]:
    """Rows of `TRADE` without their instruments, and the rules that mark invalid ones."""
    rows = np.zeros(batch.num_rows, TRADE)
    rows["ts"] = times = _times(batch, columns["ts"])
    rows["price"] = price = _numbers(batch, columns["price"])
    rows["size"] = size = _numbers(batch, columns["size"])
    rows["id"] = cells.whole_numbers(batch.column(columns["id"].name)) if "id" in columns else NO_ID
    rules = {
        "time is missing, unreadable or before 1971": times < EARLIEST_NS,
        "time is in the year 2100 or later": times >= LATEST_NS,
        "price is not a positive number": ~((price > 0) & (price < np.inf)),
        "size is not a positive number": ~((size > 0) & (size < np.inf)),
    }
    if "side" in columns:
        rows["side"] = cells.sides(batch.column(columns["side"].name))
    elif "is_buyer_maker" in columns:
        rows["side"] = cells.sides_of_makers(batch.column(columns["is_buyer_maker"].name))
    rules["side is neither buy nor sell"] = rows["side"] == cells.NO_SIDE
    return rows, rules


def bars(batch: pa.RecordBatch, columns: Mapping[str, Column], frame: Frame) -> tuple[Rows, Rules]:
    """Rows of `BAR` without their instruments, and the rules that mark invalid ones."""
    rows = np.zeros(batch.num_rows, BAR)
    rows["open_time"] = times = _times(batch, columns["ts"])
    rows["close_time"] = times + frame.length_ns
    for name in ("open", "high", "low", "close", "volume"):
        rows[name] = _numbers(batch, columns[name])
    for name in ("quote_volume", "buy_volume"):
        rows[name] = _numbers(batch, columns[name]) if name in columns else np.nan
    rows["largest"] = np.nan
    rows["trades"] = cells.whole_numbers(batch.column(columns["trades"].name)) if "trades" in columns else -1
    prices = np.array([rows[name] for name in ("open", "high", "low", "close")])
    ends = np.array([rows["open"], rows["close"]])
    return rows, {
        "time is missing, unreadable or before 1971": times < EARLIEST_NS,
        "time is in the year 2100 or later": times >= LATEST_NS,
        "a price is not a positive number": ~((prices > 0) & (prices < np.inf)).all(axis=0),
        "high is below low": rows["high"] < rows["low"],
        "open or close is not between low and high": ((ends < rows["low"]) | (ends > rows["high"])).any(axis=0),
        "volume is not a number of 0 or more": ~((rows["volume"] >= 0) & (rows["volume"] < np.inf)),
        "quote or taker buy volume is negative or infinite": _impossible(rows["quote_volume"])
        | _impossible(rows["buy_volume"]),
        f"open time is not a multiple of {frame.name}": times % frame.length_ns != 0,
    }


def times_of(batch: pa.RecordBatch, columns: Mapping[str, Column]) -> NDArray[np.int64]:
    """The plausible times of a batch."""
    times = _times(batch, columns["ts"])
    return times[usable(times)]


def usable(times: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each time is in the plausible range."""
    return (times >= EARLIEST_NS) & (times < LATEST_NS)


def far_ahead(times: NDArray[np.int64], good: NDArray[np.int64], newest_ns: int, next_ns: int) -> list[int]:
    """Indices of rows whose time is far ahead both of all valid rows before them and of the next row.

    Parameters
    ----------
    times, good
        Times of consecutive rows, and the indices of those that are valid.
    newest_ns
        The newest time of valid rows before these.
    next_ns
        The time of the row after these.
    """
    plausible = np.flatnonzero(usable(times))
    following = np.full(times.size, next_ns)
    following[plausible[:-1]] = times[plausible[1:]]
    found: list[int] = []
    done = 0
    for at in np.flatnonzero(times[good] - AHEAD_NS > following[good]).tolist():
        newest_ns = int(times[good[done:at]].max(initial=newest_ns))
        if times[good[at]] - AHEAD_NS > newest_ns:
            found.append(int(good[at]))
            done = at + 1
        else:
            done = at
    return found


def _impossible(volumes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each volume is negative or infinite; NaN means unknown, which is allowed."""
    return (volumes < 0) | np.isinf(volumes)


def _times(batch: pa.RecordBatch, column: Column) -> NDArray[np.int64]:
    return cells.times(batch.column(column.name), column.unit, column.origin_ns)


def _numbers(batch: pa.RecordBatch, column: Column) -> NDArray[np.float64]:
    values = cells.numbers(batch.column(column.name))
    return values if column.divisor == 1.0 else values / column.divisor
