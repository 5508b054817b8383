"""The trades of a simulated group: rows of TRADE with wallets, a piece of time at once.

All trade at the best price that the book shows at that moment. The informed mostly buy the answer that
will come true, as far as the market has an edge.
"""

import numpy as np
from numpy.typing import NDArray

from domain.blocks import TRADE, Rows
from domain.clock import MILLISECOND, MINUTE
from flows.sources.sim_market import generator
from flows.sources.sim_prediction_books import moments
from flows.sources.sim_prediction_course import EMPTY_ASK, EMPTY_BID, STEP_NS, Course
from flows.sources.sim_prediction_group import Draw, Place
from flows.sources.sim_prediction_settings import PIECE_NS, SimPredictionSettings
from flows.sources.sim_prediction_wallets import wallets
from flows.sources.sim_prediction_whales import Fill

SHARES = {"retail": 0.78, "maker": 0.17, "informed": 0.05}
"""Of the trades that are no whale's."""
WORTH = {"retail": (40.0, 1.1), "maker": (120.0, 0.8), "informed": (700.0, 0.4)}
"""What a trade is worth in dollars: the median, and the standard deviation of the logarithm."""
SELLS, KNOWS = 0.3, 0.7
"""Share of sales; and of trades of the informed, at an edge of 1, that are for the answer that comes true."""
FILL = np.dtype([("at_ns", "<i8"), ("market", "<i8"), ("first_answer", "?"), ("wallet", "<i8"), ("worth", "<f8")])
"""`Fill` as a row."""
DEAREST = 80
"""Cents; whales and the informed pay no more, and leave what costs less than the rest of a dollar alone."""


def trades(
    settings: SimPredictionSettings, place: Place, drawn: Draw, told: Course, whales: list[Fill], piece: int
) -> Rows:
    """The trades of all markets of a group in the piece `piece` of its life, by time."""
    rng = generator(settings.seed, *place, piece, "trades")
    people = wallets(settings.seed)
    rate = settings.trades_per_minute * PIECE_NS / MINUTE
    count = rng.poisson(rate * len(drawn.asks))
    market = rng.integers(0, len(drawn.asks), count)
    kind = rng.choice(len(SHARES), count, p=list(SHARES.values()))
    wallet, worth = np.zeros(count, np.int64), np.zeros(count)
    for at, name in enumerate(SHARES):
        median, spread = WORTH[name]
        wallet = np.where(kind == at, rng.choice(people[name], count), wallet)
        worth = np.where(kind == at, median * np.exp(spread * rng.standard_normal(count)), worth)
    knows = (kind == 2) & (rng.random(count) < KNOWS * settings.edge)
    first = np.where(knows, drawn.truth[market], rng.random(count) < 0.6)
    side = np.where((kind != 2) & (rng.random(count) < SELLS), -1, 1)
    at_ms = rng.integers(0, PIECE_NS // MILLISECOND, count)

    mine = [fill for fill in whales if piece * PIECE_NS <= fill.at_ns < (piece + 1) * PIECE_NS]
    # Their numbers have more digits than a float: each column is made of its own kind.
    theirs = np.array(mine, FILL)
    picky = np.append(kind == 2, np.ones(len(mine), np.bool_))
    at_ns = np.concatenate([piece * PIECE_NS + at_ms * MILLISECOND, theirs["at_ns"]])
    market, first = np.append(market, theirs["market"]), np.append(first, theirs["first_answer"])
    side = np.append(side, np.ones(len(mine), np.int64))
    wallet, worth = np.append(wallet, theirs["wallet"]), np.append(worth, theirs["worth"])

    cents = _best(settings.seed, place, told, at_ns, market, first, side)
    possible = (cents > EMPTY_BID) & (cents < EMPTY_ASK)
    possible &= ~picky | ((cents <= DEAREST) & (cents >= EMPTY_ASK - DEAREST))
    kept = np.flatnonzero(possible)
    kept = kept[np.argsort(at_ns[kept], kind="stable")]
    tokens = np.array([(each.no.instrument, each.yes.instrument) for each in drawn.group.markets])
    rows = np.zeros(kept.size, TRADE)
    rows["ts"] = drawn.opens_ns + at_ns[kept]
    rows["instrument"] = tokens[market[kept], first[kept].astype(np.int64)]
    rows["price"] = cents[kept] / 100.0
    rows["size"] = np.maximum(1.0, np.round(100.0 * worth[kept] / cents[kept]))
    rows["side"], rows["wallet"] = side[kept], wallet[kept]
    # Whoever trades more often than that in a piece of time is not of this simulation.
    rows["id"] = (drawn.opens_ns // PIECE_NS + piece) * 1_000_000 + np.arange(kept.size)
    return rows


def _best(
    seed: int,
    place: Place,
    told: Course,
    at_ns: NDArray[np.int64],
    market: NDArray[np.int64],
    first: NDArray[np.bool_],
    side: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The price in cents at which each trade is done; 0 or 100 where nobody stands."""
    step = at_ns // STEP_NS
    markets = range(told.bids.shape[1])
    offsets = np.array([moments(seed, place, each, np.zeros(1, np.int64))[0] for each in markets], np.int64)
    step = np.maximum(0, step - (at_ns % STEP_NS < offsets[market]))
    shown = told.shown[step, market]
    # Who buys the first answer or sells the second takes what is asked for the first.
    met = np.where(first == (side > 0), told.asks[shown, market], told.bids[shown, market])
    return np.where(first, met, EMPTY_ASK - met)
