"""The card of a track record."""

import msgspec
import numpy as np

from domain.statistics.card import Card, Costs, card
from domain.statistics.overfitting import overfitting
from domain.statistics.trials import Trials, trials

COSTS = Costs(0.05, 0.02, 0.5)


def test_a_planted_edge_is_found_and_told_in_json() -> None:
    draws = np.random.default_rng(12)
    p = draws.uniform(0.4, 0.8, 900)
    results = np.where(draws.random(900) < p, 1.0, -1.0)
    variants = draws.normal(0.0, 0.01, (300, 5))
    variants[:, 0] = 0.003 * results.reshape(300, 3).sum(axis=1)
    tried = trials(variants.mean(axis=0) / variants.std(axis=0, ddof=1))
    found = card(
        variants[:, 0], results, tried=tried, costs=COSTS, probabilities=p, overfitting=overfitting(variants, blocks=8)
    )
    assert found.verdict.verdict == "SIGNIFICANT"
    assert found.results.interval.low < 0.2 < found.results.interval.high
    assert found.calibration.n == found.results.forecasts == 900
    assert (found.overfitting.probability, found.verdict.trials) == (0.0, 5)
    assert next(iter(msgspec.json.decode(msgspec.json.encode(found)))) == "verdict"
    assert msgspec.json.decode(msgspec.json.encode(found), type=Card) == found


def test_results_never_entered_and_probabilities_never_stated_are_not_counted() -> None:
    nan = float("nan")
    found = card([0.0] * 40, [1.0, nan, -1.0], tried=Trials(1, None), costs=COSTS, probabilities=[0.5, 0.5, nan])
    assert (found.results.n, found.calibration.n) == (2, 1)
    bare = card([], [], tried=Trials(1, None), costs=COSTS)
    assert (bare.verdict.verdict, bare.results.n, bare.calibration.n, bare.returns.n) == ("INSUFFICIENT", 0, 0, 0)
