"""The books of a simulated group: rows of QUOTE, one piece of time at a time.

A book is emitted as a snapshot at the start of a piece, and then as changes of its levels. A bid for the second
outcome is an ask for the first: both books show the same pool of orders.
"""

import numpy as np
from numpy.typing import NDArray

from domain.blocks import Rows
from domain.clock import MILLISECOND, SECOND
from domain.markets import Market
from domain.quotes import ASK, BID, CLEAR, LEVEL, MESSAGE_END, NO_SEQ, PRICE_UNITS, QUOTE, READY, SIZE_UNITS, TOP
from domain.rows import concatenated
from flows.sources.sim_market import generator
from flows.sources.sim_prediction_group import DrawnGroup, GroupKey
from flows.sources.sim_prediction_settings import PIECE_NS
from flows.sources.sim_prediction_trajectory import EMPTY_ASK, EMPTY_BID, STEP_NS, STEPS, Trajectory

LEVELS = 6
"""Number of levels on each side."""
DEPTH = (600.0, 0.8)
"""Contracts at a price: median, and standard deviation of the logarithm."""
LASTS_STEPS = 60
"""Number of steps for which the size at a price stays the same."""
CENT = PRICE_UNITS // 100
PRICES = np.arange(101)
Sizes = NDArray[np.int64]


def books(seed: int, key: GroupKey, drawn: DrawnGroup, trajectory: Trajectory, piece: int) -> Rows:
    """The quotes of all books of a group in piece `piece` of its lifetime, by time."""
    parts = [_market(seed, key, drawn, trajectory, piece, at) for at in range(len(drawn.group.markets))]
    rows = concatenated(parts)
    return rows.take(np.argsort(rows["ts"], kind="stable"))


def quote_times(seed: int, key: GroupKey, market: int, steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Time of each step's quotes (ns since the group opened): each market has its own offset within a step."""
    offset = generator(seed, *key, market, "moments").integers(0, STEP_NS // SECOND * 1_000)
    return steps * STEP_NS + offset * MILLISECOND


def _market(seed: int, key: GroupKey, drawn: DrawnGroup, trajectory: Trajectory, piece: int, at: int) -> Rows:
    first = piece * STEPS
    # One extra step at the start, to detect changes.
    steps = np.arange(max(first - 1, 0), first + STEPS)
    shown = trajectory.shown[steps, at]
    sizes = _sizes(seed, key, trajectory, at, shown)
    times = drawn.opens_ns + quote_times(seed, key, at, steps)
    fresh = shown == steps
    parts = []
    if fresh[0]:
        parts.append(_whole(drawn.group.markets[at], drawn.opens_ns + piece * PIECE_NS, sizes[0]))
    changed = np.flatnonzero(fresh & np.append(False, (sizes[1:] != sizes[:-1]).any(axis=(1, 2))))
    parts += [_changes(drawn.group.markets[at], int(times[step]), sizes[step - 1], sizes[step]) for step in changed]
    return concatenated([np.empty(0, QUOTE), *parts])


def _sizes(seed: int, key: GroupKey, trajectory: Trajectory, at: int, shown: NDArray[np.int64]) -> Sizes:
    """(steps, 2, 101), contracts on the bid and ask side of the first outcome at each cent."""
    bids, asks = trajectory.bids[shown, at][:, None], trajectory.asks[shown, at][:, None]
    spans, which = np.unique(shown // LASTS_STEPS, return_inverse=True)
    drawn = [generator(seed, *key, at, int(span), "sizes").standard_normal((2, PRICES.size)) for span in spans]
    sizes = np.maximum(10.0, np.round(DEPTH[0] * np.exp(DEPTH[1] * np.array(drawn))))[which].astype(np.int64)
    under, over = bids - PRICES, PRICES - asks
    bid = (under >= 0) & (under < LEVELS) & (PRICES > EMPTY_BID)
    ask = (over >= 0) & (over < LEVELS) & (PRICES < EMPTY_ASK)
    shown_sizes: Sizes = sizes * np.stack([bid, ask], axis=1)
    return shown_sizes


def _whole(market: Market, ts: int, sizes: Sizes) -> Rows:
    """Snapshots of both books of a market, in one message."""
    side, price = np.nonzero(sizes)
    parts = []
    for token, mirrored in ((market.yes, False), (market.no, True)):
        levels = _levels(token.instrument, ts, side, price, sizes[side, price], mirrored=mirrored)
        parts += [_row(token.instrument, ts, CLEAR), levels, _row(token.instrument, ts, READY)]
    return _message(parts)


def _changes(market: Market, ts: int, before: Sizes, now: Sizes) -> Rows:
    """Changes of both books of a market and their new best prices, as one message."""
    side, price = np.nonzero(before != now)
    parts = []
    for token, mirrored in ((market.yes, False), (market.no, True)):
        parts.append(_levels(token.instrument, ts, side, price, now[side, price], mirrored=mirrored))
        book = now[::-1, ::-1] if mirrored else now
        for which, best in ((BID, book[0].nonzero()[0][-1:]), (ASK, book[1].nonzero()[0][:1])):
            top = _row(token.instrument, ts, TOP)
            top["side"], top["price"] = which, CENT * int(best[0]) if best.size else 0
            parts.append(top)
    return _message(parts)


def _levels(
    instrument: int, ts: int, side: NDArray[np.int64], price: NDArray[np.int64], size: Sizes, *, mirrored: bool
) -> Rows:
    rows = np.zeros(side.size, QUOTE)
    rows["ts"] = rows["received_at"] = ts
    rows["instrument"], rows["seq"], rows["kind"] = instrument, NO_SEQ, LEVEL
    rows["side"] = np.where((side == 0) != mirrored, BID, ASK)
    rows["price"] = CENT * (EMPTY_ASK - price if mirrored else price)
    rows["size"] = SIZE_UNITS * size
    return rows


def _row(instrument: int, ts: int, kind: int) -> Rows:
    row = np.zeros(1, QUOTE)
    row["ts"] = row["received_at"] = ts
    row["instrument"], row["seq"], row["kind"] = instrument, NO_SEQ, kind
    return row


def _message(parts: list[Rows]) -> Rows:
    rows = concatenated(parts)
    rows["flags"][-1] = MESSAGE_END
    return rows
