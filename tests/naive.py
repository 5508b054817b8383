"""Simple, slow reference implementations of fast code, written from the specification."""

import math
from typing import Any

import numpy as np

from domain.blocks import KIND_HEARTBEAT, NO_ID
from domain.clock import MINUTE, SECOND

Bar = tuple[int, int, int, float, float, float, float, float, int, bool]
"""(close time, frame, instrument, open, high, low, close, volume, trades, synthetic)."""


def bars(trades: Any, frames: list[int], lateness: int = SECOND) -> tuple[set[Bar], dict[str, int]]:
    """Closed bars of all frames from trades in order of arrival, and the counts.

    Keeps all trades in memory and sums with `math.fsum`.
    """
    newest = None
    ids: dict[int, list[int]] = {}
    minutes: dict[int, dict[int, list[tuple[int, int, int, float, float]]]] = {}
    counts = {"accepted": 0, "duplicates": 0, "late": 0, "rejects": 0}
    for arrival, trade in enumerate(trades):
        ts, name, price, size = int(trade["ts"]), int(trade["instrument"]), float(trade["price"]), float(trade["size"])
        good = math.isfinite(price) and price > 0 and math.isfinite(size) and size > 0
        beat = trade["kind"] == KIND_HEARTBEAT
        if good or beat:
            newest = ts if newest is None else max(newest, ts)
        if beat:
            continue
        if not good:
            counts["rejects"] += 1
            continue
        assert newest is not None
        closed = (newest - lateness) // MINUTE * MINUTE
        if name not in minutes and ts < closed:
            counts["late"] += 1
            continue
        number = int(trade["id"])
        mine = ids.setdefault(name, [])
        if number != NO_ID:
            if mine and number <= max(mine) and (number in mine or max(mine) - number >= 256):
                counts["duplicates"] += 1
                continue
            mine.append(number)
        minutes.setdefault(name, {})
        if ts < closed:
            counts["late"] += 1
            continue
        counts["accepted"] += 1
        minutes[name].setdefault(ts // MINUTE * MINUTE, []).append((ts, number, arrival, price, size))
    if newest is None:
        return set(), counts
    until = (newest - lateness) // MINUTE * MINUTE
    out: set[Bar] = set()
    for name, taken in minutes.items():
        base: list[tuple[int, float, float, float, float, float, int, bool]] = []
        last = math.nan
        for start in range(min(taken, default=until), until, MINUTE):
            rows = sorted(taken.get(start, []))
            if rows:
                prices = [row[3] for row in rows]
                last = prices[-1]
                volume = math.fsum(row[4] for row in rows)
                base.append((start, prices[0], max(prices), min(prices), last, volume, len(rows), False))
            else:
                base.append((start, last, last, last, last, 0.0, 0, True))
        for frame, length in enumerate(frames):
            groups: dict[int, list[Any]] = {}
            for row in base:
                groups.setdefault(row[0] // length * length, []).append(row)
            for start, rows in groups.items():
                if start + length <= until:
                    out.add(
                        (
                            start + length, frame, name,
                            rows[0][1], max(row[2] for row in rows), min(row[3] for row in rows), rows[-1][4],
                            math.fsum(row[5] for row in rows), sum(row[6] for row in rows), all(row[7] for row in rows),
                        )
                    )  # fmt: skip
    return out, counts


def canonical(rows: Any) -> bytes:
    """Rows as comparable bytes: without slots and row numbers, with one NaN; features column by column."""
    if rows.dtype.names is None:
        return bytes(np.where(np.isnan(rows), np.nan, rows).T.tobytes())
    names = [name for name in rows.dtype.names if name not in ("slot", "row", "spare")]
    columns = [rows[name] for name in names]
    plain = np.zeros(
        rows.size, [(name, each.dtype.str, each.shape[1:]) for name, each in zip(names, columns, strict=True)]
    )
    for name, each in zip(names, columns, strict=True):
        plain[name] = np.where(np.isnan(each), np.nan, each) if each.dtype.kind == "f" else each
    return plain.tobytes()
