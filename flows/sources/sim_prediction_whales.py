"""The whales of a simulated group: who trades large, when, and for what.

They come alone; in one round out of three several come together on one side; and one often follows where
a market slipped. How often they are right is the market's edge, no more.
"""

from typing import NamedTuple

import numpy as np

from domain.clock import DAY, MINUTE, SECOND
from flows.sources.sim_market import generator
from flows.sources.sim_prediction_course import STEP_NS, Course
from flows.sources.sim_prediction_group import Draw, Place
from flows.sources.sim_prediction_settings import SimPredictionSettings
from flows.sources.sim_prediction_wallets import wallets

RIGHT = 0.6
"""Share of whales that know the outcome, at an edge of 1."""
WORTH = (40_000.0, 0.6)
"""What an episode is worth in dollars: the median, and the standard deviation of the logarithm."""
TOGETHER = (6, 9)
"""So many come together, less than the second, within `WITHIN_NS`."""
WITHIN_NS = 30 * MINUTE
TOGETHER_SHARE, FOLLOW_SHARE = 1 / 3, 0.6
"""Of rounds in which several come together; of slips that pay that somebody follows, within `FOLLOW_NS`."""
FOLLOW_NS = 8 * MINUTE
FILLS = (2, 8)
BETWEEN_S = 6.0
"""Seconds between two fills of an episode, on average."""


class Fill(NamedTuple):
    """One trade of a whale, ns after the group's opening."""

    at_ns: int
    market: int
    first_answer: bool
    wallet: int
    worth: float


class _Want(NamedTuple):
    """One episode to be."""

    at_ns: int
    market: int
    first_answer: bool
    wallet: int


def fills(settings: SimPredictionSettings, place: Place, drawn: Draw, told: Course) -> list[Fill]:
    """All fills of whales in the life of a group, by time."""
    rng = generator(settings.seed, *place, "whales")
    found: list[Fill] = []
    for want in [
        *_alone(rng, settings, drawn),
        *_together(rng, settings, drawn),
        *_following(rng, settings, drawn, told),
    ]:
        count = int(rng.integers(*FILLS))
        worth = WORTH[0] * np.exp(WORTH[1] * rng.standard_normal()) * rng.dirichlet(np.full(count, 3.0))
        at = want.at_ns + np.cumsum(rng.exponential(BETWEEN_S, count) * SECOND).astype(np.int64)
        found += [Fill(int(when), *want[1:], float(part)) for when, part in zip(at, worth, strict=True)]
    return sorted(fill for fill in found if fill.at_ns < settings.round_ns)


def _alone(rng: np.random.Generator, settings: SimPredictionSettings, drawn: Draw) -> list[_Want]:
    people = wallets(settings.seed)["whale"]
    found = []
    for _ in range(rng.poisson(settings.whales_per_day * settings.round_ns / DAY)):
        market = int(rng.integers(len(drawn.truth)))
        first = _side(rng, drawn, market, RIGHT * settings.edge)
        found.append(_Want(int(rng.integers(settings.round_ns)), market, first, int(rng.choice(people))))
    return found


def _together(rng: np.random.Generator, settings: SimPredictionSettings, drawn: Draw) -> list[_Want]:
    if settings.whales_per_day == 0.0 or rng.random() >= TOGETHER_SHARE:
        return []
    market = int(rng.integers(len(drawn.truth)))
    first = _side(rng, drawn, market, RIGHT * settings.edge)
    # Only where a market has been watched for long is a crowd known to be one.
    start_ns = int(rng.integers(settings.round_ns // 2, settings.round_ns))
    crowd = rng.choice(wallets(settings.seed)["whale"], int(rng.integers(*TOGETHER)), replace=False)
    return [_Want(start_ns + int(rng.integers(WITHIN_NS)), market, first, int(each)) for each in crowd]


def _following(rng: np.random.Generator, settings: SimPredictionSettings, drawn: Draw, told: Course) -> list[_Want]:
    found = []
    for slip in told.slips:
        follows, after_ns = rng.random() < FOLLOW_SHARE, int(rng.integers(FOLLOW_NS))
        wallet = int(rng.choice(wallets(settings.seed)["whale"]))
        # Whoever knows better does not follow.
        first, refrains = slip.direction < 0, rng.random() < RIGHT * settings.edge
        wrong = first != bool(drawn.truth[slip.market])
        if slip.pays and follows and settings.whales_per_day > 0.0 and not (wrong and refrains):
            found.append(_Want(slip.end * STEP_NS + after_ns, slip.market, first, wallet))
    return found


def _side(rng: np.random.Generator, drawn: Draw, market: int, knowing: float) -> bool:
    """Whether somebody takes the first answer, of whose kind a share knows which is right."""
    knows, guess = rng.random() < knowing, rng.random() < 0.5
    return bool(drawn.truth[market]) if knows else bool(guess)
