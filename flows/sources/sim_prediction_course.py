"""The course of a simulated group: what is believed of its outcomes, and what its books show, step by step.

Belief is that of somebody who sees the truth through noise. With Y_i = a t [i is the outcome] + W_i, for a
Brownian motion W, the probability of outcome i at t of the group's life is in proportion to
prior_i exp(a Y_i), so that prices are martingales to whoever knows no more (Brody, Hughston and Macrina,
Information-Based Asset Pricing, 2008). Books stand around it, bids under and asks over, and so never make
a basket that pays. But now and then

- one market slips by as much as fees and a few cents more, for some seconds: a basket that pays;
- or by less, so that fees eat it;
- or its feed stands still for a quarter of an hour while the others go on.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.clock import DAY, MINUTE, SECOND
from flows.sources.sim_market import generator
from flows.sources.sim_prediction_group import FEES, Draw, Place
from flows.sources.sim_prediction_settings import PIECE_NS, SimPredictionSettings

STEP_NS = 5 * SECOND
"""Time between two looks at a book."""
STEPS = PIECE_NS // STEP_NS
KNOWLEDGE = (1.2, 2.4)
"""Least and most of a: how much of the outcome shows before the end."""
SPREADS = (1.0, 2.0)
"""Cents between bid and ask before they are rounded apart."""
LASTS = (2, 9)
"""Steps that a slip lasts, less than the second."""
BEYOND = (2.0, 5.0)
"""Cents by which a basket pays after fees."""
STILL_NS = 15 * MINUTE
EMPTY_BID, EMPTY_ASK = 0, 100
Floats = NDArray[np.float64]
Cents = NDArray[np.int64]


class Slip(NamedTuple):
    """A market that is off for some steps from `start` to before `end`, upwards or downwards, and whether it pays."""

    market: int
    start: int
    end: int
    direction: int
    pays: bool


class Course(NamedTuple):
    """What happens to a group.

    Attributes
    ----------
    belief
        (steps, markets), probability of the first answer.
    bids, asks
        (steps, markets), best prices of the first answer in cents; `EMPTY_BID` and `EMPTY_ASK` where there are none.
    shown
        (steps, markets), the step whose book is shown: an earlier one where the feed stands still.
    slips
        In the order of their start.
    """

    belief: Floats
    bids: Cents
    asks: Cents
    shown: Cents
    slips: tuple[Slip, ...]


def course(settings: SimPredictionSettings, place: Place, drawn: Draw) -> Course:
    """The course of a group over its whole life."""
    rng = generator(settings.seed, *place, "course")
    steps = settings.round_ns // STEP_NS
    belief = _belief(rng, drawn, steps)
    spread = rng.uniform(*SPREADS, len(drawn.asks))
    quoted = belief.copy()
    slips = tuple(
        slip
        for start, pays in _starts(rng, settings, place, steps)
        for slip in _slipped(rng, drawn, belief, spread, quoted, start, pays=pays)
    )
    bids, asks = _quotes(quoted, spread)
    shown = np.repeat(np.arange(steps)[:, None], len(drawn.asks), axis=1)
    if place.kind in ("event", "ladder"):
        still = int(STILL_NS // STEP_NS)
        start, market = int(rng.integers(steps)), int(rng.integers(len(drawn.asks)))
        shown[start : start + still, market] = start
    return Course(belief, bids, asks, shown, slips)


def _belief(rng: np.random.Generator, drawn: Draw, steps: int) -> Floats:
    knowledge = rng.uniform(*KNOWLEDGE)
    time = np.arange(steps) / steps
    walks = np.cumsum(rng.standard_normal((steps, drawn.prior.size)), axis=0) / np.sqrt(steps)
    walks[:, drawn.winner] += knowledge * time
    odds = np.log(drawn.prior) + knowledge * walks
    weights = np.exp(odds - odds.max(axis=1, keepdims=True))
    return np.asarray(weights @ drawn.asks.T / weights.sum(axis=1, keepdims=True))


def _quotes(belief: Floats, spread: Floats) -> tuple[Cents, Cents]:
    """Bids and asks in cents, at least half a spread off the belief."""
    bids = np.floor(100.0 * belief - spread / 2.0).astype(np.int64)
    asks = np.ceil(100.0 * belief + spread / 2.0).astype(np.int64)
    return np.maximum(bids, EMPTY_BID), np.minimum(asks, EMPTY_ASK)


def _starts(
    rng: np.random.Generator, settings: SimPredictionSettings, place: Place, steps: int
) -> list[tuple[int, bool]]:
    """When something slips, and whether it shall pay."""
    if place.kind not in ("event", "ladder"):
        return []
    count = rng.poisson(2.0 * settings.baskets_per_day * settings.round_ns / DAY)
    starts = np.unique(rng.integers(0, steps, count))
    pays = rng.random(starts.size) < 0.5
    return list(zip(starts.tolist(), pays.tolist(), strict=True))


def _slipped(
    rng: np.random.Generator, drawn: Draw, belief: Floats, spread: Floats, quoted: Floats, start: int, *, pays: bool
) -> list[Slip]:
    """Move what is quoted of one market from `start` on; nothing where prices leave no room."""
    end = min(len(belief), start + int(rng.integers(*LASTS)))
    up, cents = rng.random() < 0.5, rng.uniform(*BEYOND)
    bids, asks = (each[0] for each in _quotes(belief[start : start + 1], spread))
    # Where nothing is decided there is room, and somebody who cares.
    market = int(np.argmin(np.abs(belief[start] - 0.5)))
    if drawn.group.kind == "ladder":
        at = int(np.argmin(asks[:-1] - bids[1:]))
        up, missing, legs = False, asks[at] - bids[at + 1], [asks[at], 100 - bids[at + 1]]
        market = at
    elif up:
        missing, legs = 100 - bids.sum(), [100 - bid for bid in bids]
    else:
        missing, legs = asks.sum() - 100, list(asks)
    fees = sum(_fee(int(leg)) for leg in legs)
    # What fees eat is a cent, which is less than they are.
    cents = missing + (fees + cents if pays else 1.0)
    room = 97 - bids[market] if up else asks[market] - 3
    if cents > room or (not pays and fees < 1.5):
        return []
    direction = 1 if up else -1
    quoted[start:end, market] += direction * np.ceil(cents) / 100.0
    return [Slip(market, start, end, direction, pays)]


def _fee(price: int) -> float:
    """Cents for a contract."""
    return float(FEES.rate) * price * (100 - price) / 100.0
