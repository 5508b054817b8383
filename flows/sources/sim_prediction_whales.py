"""The whales of a simulated group: large trades, their times, sides and wallets.

Whales trade alone; in some rounds several trade together, on one side or, more rarely, on both; and sometimes
one follows a mispricing. All of them trade only while the market is undecided.

The planted pattern: at an edge of 1 the skilled whales, two in three, buy the winning outcome in nine cases of
ten, and a random one in the tenth; the others know nothing, and their trades are fair except for the spread. A
crowd follows its first whale. At an edge of 0 no whale knows anything. The pattern exists to be found by track
records and composites, and says nothing about real wallets.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.clock import DAY, MINUTE, SECOND
from flows.sources.sim_market import generator
from flows.sources.sim_prediction_group import DrawnGroup, GroupKey
from flows.sources.sim_prediction_settings import SimPredictionSettings
from flows.sources.sim_prediction_trajectory import STEP_NS, Trajectory
from flows.sources.sim_prediction_wallets import SHARP, wallets

RIGHT = 0.9
"""Share of their trades for which skilled whales know the outcome, at an edge of 1."""
WORTH = (40_000.0, 0.6)
"""Notional of an episode in dollars: median, and standard deviation of the logarithm."""
CHEAPEST, DEAREST = 0.3, 0.7
"""Range of the probability of the first outcome in which whales trade."""
TOGETHER_SHARE, TORN_SHARE = 0.45, 0.2
"""Share of rounds in which several trade together; share of these in which they alternate between both sides."""
TOGETHER = (7, 10)
"""Range of the number that trade together within `WITHIN_NS`, the second excluded."""
WITHIN_NS = 30 * MINUTE
AHEAD = 3 / 8
"""Fraction of a round by which the first whale precedes the others. Without an earlier one there is no baseline
against which a crowd is unusual."""
FOLLOW_SHARE, FOLLOW_NS = 0.3, 8 * MINUTE
"""Share of paying mispricings that a whale follows, and the time within which it does."""
FILLS = (2, 8)
BETWEEN_S = 6.0
"""Average number of seconds between two fills of an episode."""


class Fill(NamedTuple):
    """One trade of a whale; `at_ns` counts from the group's opening."""

    at_ns: int
    market: int
    first_answer: bool
    wallet: int
    worth: float


class _Episode(NamedTuple):
    """One planned episode of a whale."""

    at_ns: int
    market: int
    first_answer: bool
    wallet: int


def fills(settings: SimPredictionSettings, key: GroupKey, drawn: DrawnGroup, trajectory: Trajectory) -> list[Fill]:
    """All fills of whales in the lifetime of a group, by time."""
    if settings.whales_per_day == 0.0:
        return []
    rng = generator(settings.seed, *key, "whales")
    found: list[Fill] = []
    for episode in [
        *_alone(rng, settings, drawn, trajectory),
        *_together(rng, settings, drawn, trajectory),
        *_following(rng, settings, drawn, trajectory),
    ]:
        count = int(rng.integers(*FILLS))
        worth = WORTH[0] * np.exp(WORTH[1] * rng.standard_normal()) * rng.dirichlet(np.full(count, 3.0))
        at = episode.at_ns + np.cumsum(rng.exponential(BETWEEN_S, count) * SECOND).astype(np.int64)
        found += [Fill(int(when), *episode[1:], float(part)) for when, part in zip(at, worth, strict=True)]
    return sorted(fill for fill in found if fill.at_ns < settings.round_ns)


def _alone(
    rng: np.random.Generator, settings: SimPredictionSettings, drawn: DrawnGroup, trajectory: Trajectory
) -> list[_Episode]:
    where = np.argwhere(_undecided(trajectory))
    count = rng.poisson(settings.whales_per_day * settings.round_ns / DAY) if len(where) else 0
    found = []
    for step, market in rng.choice(where, count).tolist():
        at_ns, wallet = step * STEP_NS + int(rng.integers(STEP_NS)), int(rng.choice(wallets(settings.seed)["whale"]))
        found.append(_Episode(at_ns, market, _side(rng, settings, drawn, market, wallet), wallet))
    return found


def _together(
    rng: np.random.Generator, settings: SimPredictionSettings, drawn: DrawnGroup, trajectory: Trajectory
) -> list[_Episode]:
    undecided = _undecided(trajectory)
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
        _Episode(at_ns, market, first != (torn and at % 2 == 1), wallet)
        for at, (at_ns, wallet) in enumerate(zip(times, [crowd[0], *crowd], strict=True))
    ]


def _following(
    rng: np.random.Generator, settings: SimPredictionSettings, drawn: DrawnGroup, trajectory: Trajectory
) -> list[_Episode]:
    found = []
    for mispricing in trajectory.mispricings:
        follows, at_ns = rng.random() < FOLLOW_SHARE, mispricing.end * STEP_NS + int(rng.integers(FOLLOW_NS))
        wallet, knows = int(rng.choice(wallets(settings.seed)["whale"])), rng.random() < RIGHT * settings.edge
        first = mispricing.direction < 0
        # A whale that knows the outcome does not follow against it.
        refrains = knows and wallet in _sharp(settings) and first != bool(drawn.truth[mispricing.market])
        if mispricing.pays and follows and not refrains and _undecided(trajectory)[mispricing.start, mispricing.market]:
            found.append(_Episode(at_ns, mispricing.market, first, wallet))
    return found


def _undecided(trajectory: Trajectory) -> NDArray[np.bool_]:
    """(steps, markets), where the market is undecided."""
    return (trajectory.belief >= CHEAPEST) & (trajectory.belief <= DEAREST)


def _side(
    rng: np.random.Generator, settings: SimPredictionSettings, drawn: DrawnGroup, market: int, wallet: int
) -> bool:
    """Whether a wallet buys the first outcome."""
    knows, guess = rng.random() < RIGHT * settings.edge, rng.random() < 0.5
    return bool(drawn.truth[market]) if knows and wallet in _sharp(settings) else bool(guess)


def _sharp(settings: SimPredictionSettings) -> NDArray[np.int64]:
    return wallets(settings.seed)["whale"][:SHARP]
