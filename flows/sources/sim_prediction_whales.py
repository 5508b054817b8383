"""The whales of a simulated group: who trades large, when, and for what.

They come alone; in some rounds several come together, on one side or, more rarely, on both; and now and
then one follows where a market slipped. All come only where both answers still cost something.

What is planted: at an edge of 1 the sharp ones, two in three, take the answer that will come true in nine
cases of ten, and in the tenth either; the others know nothing, and their trades are fair but for the
spread. A crowd goes with its first. At an edge of 0 nobody knows anything. It is there for records and
patterns to find, and says nothing of real wallets.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.clock import DAY, MINUTE, SECOND
from flows.sources.sim_market import generator
from flows.sources.sim_prediction_course import STEP_NS, Course
from flows.sources.sim_prediction_group import Draw, Place
from flows.sources.sim_prediction_settings import SimPredictionSettings
from flows.sources.sim_prediction_wallets import SHARP, wallets

RIGHT = 0.9
"""Share of their trades for which the sharp know the outcome, at an edge of 1."""
WORTH = (40_000.0, 0.6)
"""What an episode is worth in dollars: the median, and the standard deviation of the logarithm."""
CHEAPEST, DEAREST = 0.3, 0.7
"""Where they come: least and most that is believed of the first answer."""
TOGETHER_SHARE, TORN_SHARE = 0.45, 0.2
"""Of rounds in which several come together; and of those in which they take both sides in turn."""
TOGETHER = (7, 10)
"""So many come together, less than the second, within `WITHIN_NS`."""
WITHIN_NS = 30 * MINUTE
AHEAD = 3 / 8
"""Of a round: so long before the others the first of them has been there. Without anybody before, nobody could
say that many at once are unusual."""
FOLLOW_SHARE, FOLLOW_NS = 0.3, 8 * MINUTE
"""Of slips that pay that somebody follows, and within what time."""
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
    if settings.whales_per_day == 0.0:
        return []
    rng = generator(settings.seed, *place, "whales")
    found: list[Fill] = []
    for want in [
        *_alone(rng, settings, drawn, told),
        *_together(rng, settings, drawn, told),
        *_following(rng, settings, drawn, told),
    ]:
        count = int(rng.integers(*FILLS))
        worth = WORTH[0] * np.exp(WORTH[1] * rng.standard_normal()) * rng.dirichlet(np.full(count, 3.0))
        at = want.at_ns + np.cumsum(rng.exponential(BETWEEN_S, count) * SECOND).astype(np.int64)
        found += [Fill(int(when), *want[1:], float(part)) for when, part in zip(at, worth, strict=True)]
    return sorted(fill for fill in found if fill.at_ns < settings.round_ns)


def _alone(rng: np.random.Generator, settings: SimPredictionSettings, drawn: Draw, told: Course) -> list[_Want]:
    where = np.argwhere(_undecided(told))
    count = rng.poisson(settings.whales_per_day * settings.round_ns / DAY) if len(where) else 0
    found = []
    for step, market in rng.choice(where, count).tolist():
        at_ns, wallet = step * STEP_NS + int(rng.integers(STEP_NS)), int(rng.choice(wallets(settings.seed)["whale"]))
        found.append(_Want(at_ns, market, _side(rng, settings, drawn, market, wallet), wallet))
    return found


def _together(rng: np.random.Generator, settings: SimPredictionSettings, drawn: Draw, told: Course) -> list[_Want]:
    undecided = _undecided(told)
    steps = len(undecided)
    ahead, latest = int(AHEAD * steps), steps - int(WITHIN_NS // STEP_NS)
    where = np.argwhere(undecided[ahead:latest] & undecided[: latest - ahead])
    if not len(where) or rng.random() >= TOGETHER_SHARE:
        return []
    step, market = rng.choice(where).tolist()
    crowd = rng.choice(wallets(settings.seed)["whale"], int(rng.integers(*TOGETHER)), replace=False).tolist()
    first, torn = _side(rng, settings, drawn, market, crowd[0]), rng.random() < TORN_SHARE
    times = [step * STEP_NS, *((step + ahead) * STEP_NS + int(rng.integers(WITHIN_NS)) for _ in crowd)]
    return [
        _Want(at_ns, market, first != (torn and at % 2 == 1), wallet)
        for at, (at_ns, wallet) in enumerate(zip(times, [crowd[0], *crowd], strict=True))
    ]


def _following(rng: np.random.Generator, settings: SimPredictionSettings, drawn: Draw, told: Course) -> list[_Want]:
    found = []
    for slip in told.slips:
        follows, at_ns = rng.random() < FOLLOW_SHARE, slip.end * STEP_NS + int(rng.integers(FOLLOW_NS))
        wallet, knows = int(rng.choice(wallets(settings.seed)["whale"])), rng.random() < RIGHT * settings.edge
        first = slip.direction < 0
        # Whoever knows better does not follow.
        refrains = knows and wallet in _sharp(settings) and first != bool(drawn.truth[slip.market])
        if slip.pays and follows and not refrains and _undecided(told)[slip.start, slip.market]:
            found.append(_Want(at_ns, slip.market, first, wallet))
    return found


def _undecided(told: Course) -> NDArray[np.bool_]:
    """(steps, markets), where both answers still cost something."""
    return (told.belief >= CHEAPEST) & (told.belief <= DEAREST)


def _side(rng: np.random.Generator, settings: SimPredictionSettings, drawn: Draw, market: int, wallet: int) -> bool:
    """Whether a wallet takes the first answer."""
    knows, guess = rng.random() < RIGHT * settings.edge, rng.random() < 0.5
    return bool(drawn.truth[market]) if knows and wallet in _sharp(settings) else bool(guess)


def _sharp(settings: SimPredictionSettings) -> NDArray[np.int64]:
    return wallets(settings.seed)["whale"][:SHARP]
