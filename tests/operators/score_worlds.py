"""Small random inputs for `score`: bars, candidates and outcomes, as released by `align`."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from domain.aligned import Aligned
from domain.clock import HOUR, MINUTE
from domain.scoring import ScoreSettings
from domain.slices import BAR, CANDIDATE, OUTCOME, SUPPRESSED, SUPPRESSED_REASONS
from operators.score import Score
from tests.builders import START

HALF_LIVES = {"alpha": HOUR, "beta": 30 * MINUTE, "gamma": 2 * HOUR}
COLUMNS = ("volatility_state", "trend_state", "volatility_ratio")
COST, QUIET = 0.0012, 12 * HOUR
STEP = 5 * MINUTE


class World(NamedTuple):
    """All rows in their order, and the features of the candidates."""

    bars: np.ndarray
    candidates: np.ndarray
    outcomes: np.ndarray
    decided: np.ndarray

    @property
    def end(self):
        """The last instant of all."""
        return int(max(self.bars["close_time"].max(), self.outcomes["exit_at"].max(initial=0)))

    def cut(self, instants):
        """The world as Aligned batches that end at `instants` and at its end."""
        edges = [0, *sorted(set(instants)), self.end]
        return [self.between(a, b) for a, b in pairwise(edges)]

    def between(self, after, until):
        """One batch of what happened in (after, until]."""
        times = (self.bars["close_time"], self.candidates["ts"], self.outcomes["exit_at"])
        bars, candidates, outcomes = ((each > after) & (each <= until) for each in times)
        return Aligned(
            until,
            bars=self.bars[bars],
            candidates=self.candidates[candidates],
            outcomes=self.outcomes[outcomes],
            decided=self.decided[:, candidates],
        )


def world(seed, *, steps=60, instruments=3, strategies=3, rate=0.35, skill=0.0, pause=None, win=None):
    """Candidates of random strategies on 5m bars; `skill` is how much of the confidence comes true.

    `win` is the share that wins, if it is not to follow from the confidence; at `pause` nothing happens
    for longer than QUIET.
    """
    rng = np.random.default_rng(seed)
    bars = np.zeros((steps, instruments, 2), BAR)
    times = START + STEP * np.arange(1, steps + 1)
    if pause is not None:
        times[pause:] += QUIET + HOUR
    bars["close_time"] = times[:, None, None]
    bars["instrument"] = np.arange(100, 100 + instruments)[None, :, None]
    bars["frame"] = [0, 1]
    bars["close"] = 100.0
    bars["volume"] = rng.exponential(10.0, bars.shape) * (rng.random(bars.shape) > 0.1)
    bars["quote_volume"] = np.where(rng.random(bars.shape) < 0.2, np.nan, bars["volume"] * 100.0)
    bars["flags"] = np.where(rng.random(bars.shape) < 0.05, 2, 0)

    chosen = np.argwhere(rng.random((steps, instruments, strategies)) < rate)
    count = len(chosen)
    made = np.zeros(count, CANDIDATE)
    made["ts"], made["instrument"], made["strategy"] = times[chosen[:, 0]], 100 + chosen[:, 1], chosen[:, 2]
    made["direction"] = rng.choice([-1, 1], count)
    made["confidence"] = rng.uniform(0.3, 0.8, count)
    distance, reward = rng.uniform(0.5, 3.0, count), rng.choice([0.8, 1.2, 2.0], count)
    made["entry_price"] = 100.0
    made["stop_loss"] = 100.0 - made["direction"] * distance
    made["take_profit"] = 100.0 + made["direction"] * distance * reward
    made["expires_at"] = made["ts"] + rng.integers(1, 24, count) * STEP
    refused = rng.random(count) < 0.15
    made["status"][refused] = SUPPRESSED
    names = rng.choice(["mtf_not_aligned", "incomplete_data"], count)
    made["reason"][refused] = [SUPPRESSED_REASONS.index(name) for name in names[refused]]
    decided = np.stack([rng.integers(0, 3, count), rng.integers(-1, 2, count), rng.lognormal(0.0, 0.3, count)]) * 1.0
    decided[rng.integers(0, 3, count // 10), rng.integers(0, count, count // 10)] = np.nan

    graded = np.zeros(count, OUTCOME)
    for name in ("ts", "instrument", "strategy", "direction", "confidence", "status"):
        graded[name] = made[name]
    chance = np.full(count, win) if win is not None else 0.45 + skill * (made["confidence"] - 0.55)
    won = rng.random(count) < chance
    cost = COST * 100.0 / distance
    graded["return_r"] = np.where(won, reward * rng.uniform(0.2, 1.0, count), -1.0) - cost
    graded["return_r"][rng.random(count) < 0.05] = np.nan
    # settled by bars of one minute, at the latest a while after it expired
    graded["exit_at"] = made["ts"] + MINUTE * rng.integers(1, (made["expires_at"] - made["ts"]) // MINUTE + 10)
    if pause is not None:
        rests = (made["ts"] <= times[pause - 1]) & (graded["exit_at"] > times[pause - 1])
        graded["exit_at"][rests] = times[pause - 1] + rng.integers(1, 9, rests.sum()) * MINUTE
    graded = graded[np.lexsort([graded[n] for n in ("strategy", "ts", "instrument", "exit_at")])]
    return World(bars.reshape(-1), made, graded, decided)


def machine(resume=None, *, half_lives=HALF_LIVES, columns=COLUMNS, quiet=QUIET, **settings):
    """A Score with settings that differ from the defaults as given."""
    return Score(ScoreSettings(**settings), half_lives, columns, primary=0, cost=COST, quiet_ns=quiet, resume=resume)


QUICK = {
    "min_graded": 8.0,
    "refit_outcomes": 5,
    "half_life_h": 6.0,
    "half_life_outcomes": 30.0,
    "signals_per_hour": 4.0,
}
"""Settings under which every mechanism shows itself within some hours."""
