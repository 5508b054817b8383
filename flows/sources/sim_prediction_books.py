"""The books of a simulated group: rows of QUOTE, a piece of time at once.

A book is told whole at the beginning of a piece, and then as its levels change. What is bid for the second
answer is asked for the first: one pool of orders, shown twice.
"""

import numpy as np
from numpy.typing import NDArray

from domain.blocks import Rows
from domain.clock import MILLISECOND, SECOND
from domain.markets import Market
from domain.quotes import ASK, BID, CLEAR, LEVEL, MESSAGE_END, NO_SEQ, PRICE_UNITS, QUOTE, READY, SIZE_UNITS, TOP
from domain.rows import concatenated
from flows.sources.sim_market import generator
from flows.sources.sim_prediction_course import EMPTY_ASK, EMPTY_BID, STEP_NS, STEPS, Course
from flows.sources.sim_prediction_group import Draw, Place
from flows.sources.sim_prediction_settings import PIECE_NS

LEVELS = 6
"""Of each side."""
DEPTH = (600.0, 0.8)
"""Contracts at a price: the median, and the standard deviation of the logarithm."""
LASTS_STEPS = 60
"""So long the size at a price stays what it is."""
CENT = PRICE_UNITS // 100
PRICES = np.arange(101)
Sizes = NDArray[np.int64]


def books(seed: int, place: Place, drawn: Draw, told: Course, piece: int) -> Rows:
    """The steps of all books of a group in the piece `piece` of its life, by time."""
    parts = [_market(seed, place, drawn, told, piece, at) for at in range(len(drawn.group.markets))]
    rows = concatenated(parts)
    return rows.take(np.argsort(rows["ts"], kind="stable"))


def moments(seed: int, place: Place, market: int, steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """When in a group's life (ns) each step of a market's books is told: at a moment of its own within the step."""
    offset = generator(seed, *place, market, "moments").integers(0, STEP_NS // SECOND * 1_000)
    return steps * STEP_NS + offset * MILLISECOND


def _market(seed: int, place: Place, drawn: Draw, told: Course, piece: int, at: int) -> Rows:
    first = piece * STEPS
    # One step more at the beginning, to see what changes.
    steps = np.arange(max(first - 1, 0), first + STEPS)
    shown = told.shown[steps, at]
    sizes = _sizes(seed, place, told, at, shown)
    times = drawn.opens_ns + moments(seed, place, at, steps)
    fresh = shown == steps
    parts = []
    if fresh[0]:
        parts.append(_whole(drawn.group.markets[at], drawn.opens_ns + piece * PIECE_NS, sizes[0]))
    changed = np.flatnonzero(fresh & np.append(False, (sizes[1:] != sizes[:-1]).any(axis=(1, 2))))
    parts += [_changes(drawn.group.markets[at], int(times[step]), sizes[step - 1], sizes[step]) for step in changed]
    return concatenated([np.empty(0, QUOTE), *parts])


def _sizes(seed: int, place: Place, told: Course, at: int, shown: NDArray[np.int64]) -> Sizes:
    """(steps, 2, 101), contracts bid and asked of the first answer at each cent."""
    bids, asks = told.bids[shown, at][:, None], told.asks[shown, at][:, None]
    spans, which = np.unique(shown // LASTS_STEPS, return_inverse=True)
    drawn = [generator(seed, *place, at, int(span), "sizes").standard_normal((2, PRICES.size)) for span in spans]
    sizes = np.maximum(10.0, np.round(DEPTH[0] * np.exp(DEPTH[1] * np.array(drawn))))[which].astype(np.int64)
    under, over = bids - PRICES, PRICES - asks
    bid = (under >= 0) & (under < LEVELS) & (PRICES > EMPTY_BID)
    ask = (over >= 0) & (over < LEVELS) & (PRICES < EMPTY_ASK)
    shown_sizes: Sizes = sizes * np.stack([bid, ask], axis=1)
    return shown_sizes


def _whole(market: Market, ts: int, sizes: Sizes) -> Rows:
    """Both books of a market as snapshots, in one message."""
    side, price = np.nonzero(sizes)
    parts = []
    for token, mirrored in ((market.yes, False), (market.no, True)):
        levels = _levels(token.instrument, ts, side, price, sizes[side, price], mirrored=mirrored)
        parts += [_row(token.instrument, ts, CLEAR), levels, _row(token.instrument, ts, READY)]
    return _message(parts)


def _changes(market: Market, ts: int, before: Sizes, now: Sizes) -> Rows:
    """What changed in both books of a market, and what their best prices are then, as one message."""
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
