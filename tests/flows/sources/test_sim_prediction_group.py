import numpy as np
import pytest

from flows.sources.sim_prediction_group import GroupKey, Kind, draw, group_keys
from flows.sources.sim_prediction_settings import SimPredictionSettings

SETTINGS = SimPredictionSettings(round_h=1.0)
ROUNDS = range(420_000, 420_040)


def test_places_are_those_of_the_settings() -> None:
    assert group_keys(SimPredictionSettings(singles=1, events=2, open_events=0, ladders=1)) == [
        ("single", 0), ("event", 0), ("event", 1), ("ladder", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "true"), [("single", {0, 1}), ("event", {1}), ("open", {0, 1}), ("ladder", {0, 1, 2, 3})]
)
def test_outcomes_match_the_group_kind(kind: Kind, true: set[int]) -> None:
    met = set()
    for turn in ROUNDS:
        drawn = draw(SETTINGS, GroupKey(kind, 0, turn))
        group = drawn.resolved
        won = [market.winner == market.yes.name for market in group.markets]
        assert all(market.winner in (market.yes.name, market.no.name) for market in group.markets)
        assert all(market.status == "open" and not market.winner for market in drawn.group.markets)
        assert (group.exclusive, group.exhaustive) == (kind in ("event", "open"), kind == "event")
        if kind == "ladder":  # what is above a strike is above all lower ones
            assert won == sorted(won, reverse=True)
            strikes = [market.strike for market in group.markets if market.strike is not None]
            assert strikes == sorted(strikes)
        assert {market.closes_at_ns for market in group.markets} == {drawn.closes_ns}
        met.add(sum(won))
    assert met == true


def test_everything_is_labelled_simulated() -> None:
    for kind, number in group_keys(SETTINGS):
        group = draw(SETTINGS, GroupKey(kind, number, 420_000)).group
        assert group.name.startswith("sim:")
        assert group.title.startswith("Simulated")
        for market in group.markets:
            assert market.question.startswith("Simulated")
            assert {name.partition(":")[0] for name in (market.name, market.yes.name, market.no.name)} == {"sim"}


def test_groups_are_functions_of_the_seed() -> None:
    place = GroupKey("event", 0, 420_000)
    one, same, other = (draw(SimPredictionSettings(round_h=1.0, seed=seed), place) for seed in (1, 1, 2))
    assert np.array_equal(one.prior, same.prior)
    assert not np.array_equal(one.prior, other.prior)
