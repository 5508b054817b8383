"""The trajectory of a simulated group: the probabilities of its outcomes and the prices of its books, by step.

The probabilities are those of an observer who sees the outcome through noise. With Y_i = a t [i is the outcome]
+ W_i, for a Brownian motion W, the probability of outcome i at time t of the group's lifetime is proportional to
prior_i exp(a Y_i), so that prices are martingales for this observer (Brody, Hughston and Macrina,
Information-Based Asset Pricing, 2008). Bids are below and asks above these probabilities, so that there is no
arbitrage. But occasionally

- one market is mispriced by the fees and a few cents more, for some seconds: an arbitrage that pays;
- or by less, so that the fees exceed the profit;
- or its feed is stale for a quarter of an hour while the others continue.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.clock import DAY, MINUTE, SECOND
from flows.sources.sim_market import generator
from flows.sources.sim_prediction_group import FEES, DrawnGroup, GroupKey
from flows.sources.sim_prediction_settings import PIECE_NS, SimPredictionSettings

STEP_NS = 5 * SECOND
"""Time between two updates of a book."""
STEPS = PIECE_NS // STEP_NS
KNOWLEDGE = (1.2, 2.4)
"""Range of a: how much of the outcome is revealed before the end."""
SPREADS = (1.0, 2.0)
"""Range of the spread in cents, before bid and ask are rounded outwards."""
LASTS = (2, 9)
"""Range of the duration of a mispricing in steps, the second excluded."""
BEYOND = (2.0, 5.0)
"""Range of the profit of an arbitrage after fees, in cents."""
STILL_NS = 15 * MINUTE
EMPTY_BID, EMPTY_ASK = 0, 100
Floats = NDArray[np.float64]
Cents = NDArray[np.int64]


class Mispricing(NamedTuple):
    """A mispriced market from step `start` to before `end`, up or down, and whether the arbitrage pays."""

    market: int
    start: int
    end: int
    direction: int
    pays: bool


class Trajectory(NamedTuple):
    """Probabilities and prices of a group.

    Attributes
    ----------
    belief
        (steps, markets), probability of the first outcome.
    bids, asks
        (steps, markets), best prices of the first outcome in cents; `EMPTY_BID` and `EMPTY_ASK` if there are none.
    shown
        (steps, markets), the step whose book is shown: an earlier one while the feed is stale.
    mispricings
        Ordered by start.
    """

    belief: Floats
    bids: Cents
    asks: Cents
    shown: Cents
    mispricings: tuple[Mispricing, ...]


def trajectory(settings: SimPredictionSettings, key: GroupKey, drawn: DrawnGroup) -> Trajectory:
    """The trajectory of a group over its whole lifetime."""
    rng = generator(settings.seed, *key, "course")
    steps = settings.round_ns // STEP_NS
    belief = _belief(rng, drawn, steps)
    spread = rng.uniform(*SPREADS, len(drawn.pays_yes))
    quoted = belief.copy()
    mispricings = tuple(
        mispricing
        for start, pays in _starts(rng, settings, key, steps)
        for mispricing in _mispriced(rng, drawn, belief, spread, quoted, start, pays=pays)
    )
    bids, asks = _quotes(quoted, spread)
    shown = np.repeat(np.arange(steps)[:, None], len(drawn.pays_yes), axis=1)
    if key.kind in ("event", "ladder"):
        still = int(STILL_NS // STEP_NS)
        start, market = int(rng.integers(steps)), int(rng.integers(len(drawn.pays_yes)))
        shown[start : start + still, market] = start
    return Trajectory(belief, bids, asks, shown, mispricings)


def _belief(rng: np.random.Generator, drawn: DrawnGroup, steps: int) -> Floats:
    knowledge = rng.uniform(*KNOWLEDGE)
    time = np.arange(steps) / steps
    walks = np.cumsum(rng.standard_normal((steps, drawn.prior.size)), axis=0) / np.sqrt(steps)
    walks[:, drawn.winner] += knowledge * time
    odds = np.log(drawn.prior) + knowledge * walks
    weights = np.exp(odds - odds.max(axis=1, keepdims=True))
    return np.asarray(weights @ drawn.pays_yes.T / weights.sum(axis=1, keepdims=True))


def _quotes(belief: Floats, spread: Floats) -> tuple[Cents, Cents]:
    """Bids and asks in cents, at least half a spread from the probability."""
    bids = np.floor(100.0 * belief - spread / 2.0).astype(np.int64)
    asks = np.ceil(100.0 * belief + spread / 2.0).astype(np.int64)
    return np.maximum(bids, EMPTY_BID), np.minimum(asks, EMPTY_ASK)


def _starts(
    rng: np.random.Generator, settings: SimPredictionSettings, key: GroupKey, steps: int
) -> list[tuple[int, bool]]:
    """Start step of each mispricing, and whether it pays."""
    if key.kind not in ("event", "ladder"):
        return []
    count = rng.poisson(2.0 * settings.baskets_per_day * settings.round_ns / DAY)
    starts = np.unique(rng.integers(0, steps, count))
    pays = rng.random(starts.size) < 0.5
    return list(zip(starts.tolist(), pays.tolist(), strict=True))


def _mispriced(
    rng: np.random.Generator,
    drawn: DrawnGroup,
    belief: Floats,
    spread: Floats,
    quoted: Floats,
    start: int,
    *,
    pays: bool,
) -> list[Mispricing]:
    """Shift the quotes of one market from `start` on; does nothing if the prices leave no room."""
    end = min(len(belief), start + int(rng.integers(*LASTS)))
    up, cents = rng.random() < 0.5, rng.uniform(*BEYOND)
    bids, asks = (each[0] for each in _quotes(belief[start : start + 1], spread))
    # Choose the market closest to 50 %, where there is room.
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
    # A mispricing that does not pay is one cent, which is less than the fees.
    cents = missing + (fees + cents if pays else 1.0)
    room = 97 - bids[market] if up else asks[market] - 3
    if cents > room or (not pays and fees < 1.5):
        return []
    direction = 1 if up else -1
    quoted[start:end, market] += direction * np.ceil(cents) / 100.0
    return [Mispricing(market, start, end, direction, pays)]


def _fee(price: int) -> float:
    """Fee of a contract, in cents."""
    return float(FEES.rate) * price * (100 - price) / 100.0
