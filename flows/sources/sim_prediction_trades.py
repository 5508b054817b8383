"""The trades of a simulated group: rows of TRADE with wallets, one piece of time at a time.

All trades are at the best price in the book at that time. Informed traders mostly buy the outcome that will come
true, to the extent of the edge.
"""

import numpy as np
from numpy.typing import NDArray

from domain.blocks import TRADE, Rows
from domain.clock import MILLISECOND, MINUTE
from flows.sources.sim_market import generator
from flows.sources.sim_prediction_books import quote_times
from flows.sources.sim_prediction_group import DrawnGroup, GroupKey
from flows.sources.sim_prediction_settings import PIECE_NS, SimPredictionSettings
from flows.sources.sim_prediction_trajectory import EMPTY_ASK, EMPTY_BID, STEP_NS, Trajectory
from flows.sources.sim_prediction_wallets import wallets
from flows.sources.sim_prediction_whales import Fill

SHARES = {"retail": 0.78, "maker": 0.17, "informed": 0.05}
"""Shares of the trades that are not by whales."""
WORTH = {"retail": (40.0, 1.1), "maker": (120.0, 0.8), "informed": (700.0, 0.4)}
"""Notional of a trade in dollars: median, and standard deviation of the logarithm."""
SELLS, KNOWS = 0.3, 0.7
"""Share of sales; share of informed trades that buy the winning outcome, at an edge of 1."""
FILL = np.dtype([("at_ns", "<i8"), ("market", "<i8"), ("first_answer", "?"), ("wallet", "<i8"), ("worth", "<f8")])
"""`Fill` as a row."""
DEAREST = 80
"""Cents; whales and informed traders do not buy above this price, nor below its complement to a dollar."""


def trades(
    settings: SimPredictionSettings,
    key: GroupKey,
    drawn: DrawnGroup,
    trajectory: Trajectory,
    whales: list[Fill],
    piece: int,
) -> Rows:
    """The trades of all markets of a group in piece `piece` of its lifetime, by time."""
    rng = generator(settings.seed, *key, piece, "trades")
    population = wallets(settings.seed)
    rate = settings.trades_per_minute * PIECE_NS / MINUTE
    count = rng.poisson(rate * len(drawn.pays_yes))
    market = rng.integers(0, len(drawn.pays_yes), count)
    kind = rng.choice(len(SHARES), count, p=list(SHARES.values()))
    wallet, worth = np.zeros(count, np.int64), np.zeros(count)
    for at, name in enumerate(SHARES):
        median, spread = WORTH[name]
        wallet = np.where(kind == at, rng.choice(population[name], count), wallet)
        worth = np.where(kind == at, median * np.exp(spread * rng.standard_normal(count)), worth)
    knows = (kind == 2) & (rng.random(count) < KNOWS * settings.edge)
    first = np.where(knows, drawn.truth[market], rng.random(count) < 0.6)
    side = np.where((kind != 2) & (rng.random(count) < SELLS), -1, 1)
    at_ms = rng.integers(0, PIECE_NS // MILLISECOND, count)

    due = [fill for fill in whales if piece * PIECE_NS <= fill.at_ns < (piece + 1) * PIECE_NS]
    # Wallet numbers exceed the precision of a float, so each column has its own type.
    fills = np.array(due, FILL)
    picky = np.append(kind == 2, np.ones(len(due), np.bool_))
    at_ns = np.concatenate([piece * PIECE_NS + at_ms * MILLISECOND, fills["at_ns"]])
    market, first = np.append(market, fills["market"]), np.append(first, fills["first_answer"])
    side = np.append(side, np.ones(len(due), np.int64))
    wallet, worth = np.append(wallet, fills["wallet"]), np.append(worth, fills["worth"])

    cents = _best(settings.seed, key, trajectory, at_ns, market, first, side)
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
    # A piece of time has fewer than a million trades.
    rows["id"] = (drawn.opens_ns // PIECE_NS + piece) * 1_000_000 + np.arange(kept.size)
    return rows


def _best(
    seed: int,
    key: GroupKey,
    trajectory: Trajectory,
    at_ns: NDArray[np.int64],
    market: NDArray[np.int64],
    first: NDArray[np.bool_],
    side: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The price of each trade in cents; 0 or 100 if that side of the book is empty."""
    step = at_ns // STEP_NS
    markets = range(trajectory.bids.shape[1])
    offsets = np.array([quote_times(seed, key, each, np.zeros(1, np.int64))[0] for each in markets], np.int64)
    step = np.maximum(0, step - (at_ns % STEP_NS < offsets[market]))
    shown = trajectory.shown[step, market]
    # A buyer of the first outcome or a seller of the second takes the ask of the first.
    met = np.where(first == (side > 0), trajectory.asks[shown, market], trajectory.bids[shown, market])
    return np.where(first, met, EMPTY_ASK - met)
