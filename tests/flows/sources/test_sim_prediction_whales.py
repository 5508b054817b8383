from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.blocks import markets_block, trades_block
from domain.clock import DAY, HOUR
from domain.slices import EMITTED
from domain.whale_settings import WhaleSettings
from domain.whales import CONSENSUS, DISAGREEMENT, WHALE_ALONE
from flows.sources.sim import DEFAULT_START_NS as START
from flows.sources.sim_prediction_group import DrawnGroup, GroupKey, draw, group_keys
from flows.sources.sim_prediction_settings import PIECE_NS, SimPredictionSettings
from flows.sources.sim_prediction_trades import trades
from flows.sources.sim_prediction_trajectory import STEP_NS, Trajectory, trajectory
from flows.sources.sim_prediction_wallets import SHARP, wallets
from flows.sources.sim_prediction_whales import CHEAPEST, DEAREST, FOLLOW_NS, WITHIN_NS, Fill, fills
from operators.spot_whales import SpotWhales

DAYS = 2
SEEDS = (1, 2, 3, 4, 5, 6)


def lives(
    settings: SimPredictionSettings, days: int = DAYS
) -> Iterator[tuple[GroupKey, DrawnGroup, Trajectory, list[Fill]]]:
    """All groups of the first days."""
    for kind, number in group_keys(settings):
        for turn in range(days):
            place = GroupKey(kind, number, START // settings.round_ns + turn)
            drawn = draw(settings, place)
            path = trajectory(settings, place, drawn)
            yield place, drawn, path, fills(settings, place, drawn, path)


@cache
def found(seed: int) -> NDArray[Any]:
    """The fills of whales in the first days, per group."""
    settings = SimPredictionSettings(seed=seed)
    rows = []
    for place, drawn, path, whales in lives(settings):
        machine = SpotWhales(WhaleSettings())
        blocks = [markets_block([drawn.group])]
        blocks += [
            trades_block(trades(settings, place, drawn, path, whales, piece))
            for piece in range(settings.round_ns // PIECE_NS)
        ]
        rows += [each.rows for each in machine.on_batch(blocks)[0]]
    together = np.concatenate(rows)
    first: NDArray[Any] = together[(together["status"] == EMITTED) & (together["revision"] == 0)]
    assert first.size < together.size  # some are suppressed
    return first


@pytest.mark.parametrize("seed", SEEDS)
def test_whales_come_every_hour_or_so_and_some_agree_in_the_first_days(seed: int) -> None:
    kinds = found(seed)["kind"]
    assert 20 < (kinds == WHALE_ALONE).sum() / DAYS < 80
    assert 1 <= (kinds == CONSENSUS).sum() < 6 * DAYS


def test_whales_sometimes_disagree() -> None:
    disagreements = sum(int((found(seed)["kind"] == DISAGREEMENT).sum()) for seed in SEEDS)
    agreements = sum(int((found(seed)["kind"] == CONSENSUS).sum()) for seed in SEEDS)
    assert 0 < disagreements < agreements


def edges(edge: float, days: int) -> dict[str, tuple[float, float]]:
    """Average profit per contract of episodes by skilled and other whales, and its standard error."""
    made: dict[str, list[float]] = {"sharp": [], "others": []}
    settings = SimPredictionSettings(edge=edge)
    sharp = set(wallets(settings.seed)["whale"][:SHARP].tolist())
    for _, drawn, path, whales in lives(settings, days):
        met = {(fill.wallet, fill.market, fill.first_answer, fill.at_ns // HOUR): fill for fill in whales}
        for fill in met.values():
            belief = path.belief[fill.at_ns // STEP_NS, fill.market]
            price = belief if fill.first_answer else 1.0 - belief
            won = bool(drawn.truth[fill.market]) == fill.first_answer
            made["sharp" if fill.wallet in sharp else "others"].append(won - price)
    return {name: (float(np.mean(each)), float(np.std(each) / np.sqrt(len(each)))) for name, each in made.items()}


def test_skill_is_planted_in_the_skilled_whales() -> None:
    planted = edges(1.0, 12)
    assert planted["sharp"][0] > 0.25
    assert planted["sharp"][0] > planted["others"][0] + 3.0 * planted["others"][1]
    for mean, error in edges(0.0, 12).values():
        assert abs(mean) < 4.0 * error


def test_whales_trade_only_undecided_markets_in_the_groups_lifetime() -> None:
    settings = SimPredictionSettings()
    people = set(wallets(settings.seed)["whale"].tolist())
    for _, drawn, path, whales in lives(settings):
        assert whales == sorted(whales)
        for fill in whales:
            assert 0 <= fill.at_ns < drawn.closes_ns - drawn.opens_ns == DAY
            assert fill.wallet in people
            assert fill.worth > 0.0
            # Whoever follows, or comes with others, comes minutes after that.
            since = max(0, fill.at_ns - WITHIN_NS - FOLLOW_NS) // STEP_NS
            belief = path.belief[since : fill.at_ns // STEP_NS + 1, fill.market]
            assert ((belief >= CHEAPEST) & (belief <= DEAREST)).any()


def test_without_whales_there_are_none() -> None:
    assert not any(whales for *_, whales in lives(SimPredictionSettings(whales_per_day=0.0), 1))


def test_whales_are_functions_of_the_seed() -> None:
    one, same, other = ([whales for *_, whales in lives(SimPredictionSettings(seed=seed), 1)] for seed in (1, 1, 2))
    assert one == same
    assert one != other
