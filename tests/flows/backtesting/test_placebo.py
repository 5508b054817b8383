"""Placebo: nothing is found in unpredictable markets, and a planted effect is found at its true size."""

import math
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.statistics.performance import performance
from flows.backtesting.backtest import run_dataflow
from flows.backtesting.graded import graded
from flows.backtesting.report import Report
from flows.backtesting.tables import uniqueness_of
from flows.intelligence import DEFAULTS, Intelligence
from operators.catalogue import catalogue
from tests.flows.backtesting import generators
from tests.flows.backtesting.generators import DAILY, START, STEP, Floats
from tests.flows.backtesting.markets import TRUSTING, judged, plan_of

DAYS = 60
SHORT, FULL = 40, 100
COSTS = {"fee_bps": 4.0, "slippage_bps": 1.0}
FREE = {"fee_bps": 0.0, "slippage_bps": 0.0}


def placebos(
    seeds: int, folder: Path, settings: dict[str, float], intelligence: Intelligence = TRUSTING
) -> list[Report]:
    reports = []
    for seed in range(seeds):
        walk = generators.garch(DAYS * DAILY, np.random.default_rng(seed))
        reports.append(judged(*walk, seed, folder, intelligence=intelligence, **settings))
    return reports


def allowed(seeds: int, rate: float = 0.05, level: float = 0.999) -> int:
    """Whether the number of false positives is consistent with a rate of 5 %."""
    within, count = 0.0, -1
    while within < level:
        count += 1
        within += math.comb(seeds, count) * rate**count * (1 - rate) ** (seeds - count)
    return count


def pooled(reports: list[Report], totals: list[float]) -> tuple[float, float]:
    """A mean of all trades, and how far chance takes it from the truth; only the seeds are independent."""
    sums, counts = np.array(totals), np.array([report.gross.n for report in reports])
    error = sums.std(ddof=1) * math.sqrt(sums.size) / counts.sum()
    return float(sums.sum() / counts.sum()), NormalDist().inv_cdf(0.9995) * float(error)


def assert_fair(reports: list[Report]) -> None:
    """Before costs nothing was earned, and net it was minus the costs."""
    gross, chance = pooled(reports, [report.gross.mean * report.gross.n for report in reports])
    cost, _ = pooled(reports, [report.gross.mean_cost * report.gross.n for report in reports])
    net, _ = pooled(reports, [report.card.results.total for report in reports])
    assert abs(gross) < chance
    assert abs(net + cost) < chance
    assert net < -chance or cost == 0


def significant(reports: list[Report]) -> int:
    return sum(report.card.verdict.verdict == "SIGNIFICANT" for report in reports)


def assert_nothing_is_found(seeds: int, folder: Path) -> None:
    paid = placebos(seeds, folder / "paid", COSTS)
    assert significant(paid) == 0  # costs pull every record down
    assert all(report.counts.judged > 100 for report in paid)
    assert_fair(paid)
    free = placebos(seeds, folder / "free", FREE)
    assert significant(free) <= allowed(seeds)
    assert_fair(free)


def assert_the_gate_closes(seeds: int, folder: Path) -> None:
    """Score learns that nothing pays, and emits no signals that would look profitable by luck."""
    paid = placebos(seeds, folder / "paid", COSTS, DEFAULTS)
    assert significant(paid) == 0
    emitted = sum(report.counts.emitted for report in paid)
    assert emitted < 0.02 * sum(report.counts.candidates for report in paid)
    free = placebos(seeds, folder / "free", FREE, DEFAULTS)
    assert significant(free) <= allowed(seeds)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("paid", "free"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_nothing_is_found_in_random_markets(folders: Path) -> None:
    assert_nothing_is_found(SHORT, folders)


@pytest.mark.slow
def test_nothing_is_found_in_all_random_markets(folders: Path) -> None:
    assert_nothing_is_found(FULL, folders)


def test_the_threshold_suppresses_all_in_random_markets(folders: Path) -> None:
    assert_the_gate_closes(SHORT // 4, folders)


@pytest.mark.slow
def test_the_threshold_suppresses_all_in_all_random_markets(folders: Path) -> None:
    assert_the_gate_closes(FULL, folders)


def simulated(at: int, *, long: bool, risk: float, target_r: float, horizon: int, entry: float, market) -> float:
    """Expected value in R of a trade decided at bar `at`: the mean over simulated futures."""
    drift, deviation, rng = market
    bars = slice(at, min(at + horizon, drift.size))
    steps = rng.standard_normal((FUTURES, deviation[bars].size)) * deviation[bars] + drift[bars]
    ends = math.log(entry) + np.cumsum(steps, axis=1)
    begins = ends - steps
    low, high = generators.extremes(begins, ends, np.broadcast_to(deviation[bars], steps.shape), rng)
    worst, best = (low, high) if long else (-high, -low)
    sign = 1.0 if long else -1.0
    stop, target = (sign * math.log(entry + sign * move) for move in (-risk, target_r * risk))
    stopped, hit = (first(reached) for reached in (worst <= stop, best >= target))
    expired = sign * (np.exp(ends[:, -1]) - entry) / risk
    results = np.where(hit < NEVER, target_r, expired)
    return float(np.where((stopped <= hit) & (stopped < NEVER), -1.0, results).mean())


def first(reached: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The first bar of each future in which the condition holds."""
    return np.where(reached.any(axis=1), reached.argmax(axis=1), NEVER)


NEVER = 1 << 30
FUTURES = 60
STRENGTH = 0.12


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[NDArray[Any], Floats]:
    """Candidates of trending markets, and the expected value of each by direct simulation."""
    folder = tmp_path_factory.mktemp("planted")
    every, worth = [], []
    for seed in range(12):
        rng = np.random.default_rng([seed, 2])
        drift, deviation = generators.trending(DAYS * DAILY, rng, strength=STRENGTH)
        walk = drift + deviation * rng.standard_normal(drift.size)
        path = generators.written(generators.bars(walk, deviation, rng), folder / f"{seed}.feather")
        plan = plan_of(path, **FREE)
        run = run_dataflow(plan, plan.read(), plan.settings)
        rows = graded(run, 0.0)
        # The last trades may outlive the data: nobody knows their results.
        rows = rows[rows["ts"] < START + (walk.size - 100) * STEP]
        thought = {(each["ts"], each["strategy"]): each["risk"] for each in run.decisions}
        prices = 100 * np.exp(np.concatenate([[0.0], np.cumsum(walk)]))
        for each in rows:
            at = int((each["ts"] - START) // STEP)
            idea = catalogue().strategies[each["strategy"]]
            worth.append(
                simulated(
                    at,
                    long=each["direction"] > 0,
                    risk=thought[each["ts"], each["strategy"]],
                    target_r=idea.target_r,
                    horizon=idea.horizon,
                    entry=prices[at],
                    market=(drift, deviation, rng),
                )
            )
        rows["instrument"] = seed  # another seed is another market
        every.append(rows)
    return np.concatenate(every), np.array(worth)


def test_planted_edge_is_measured_at_its_size(planted: tuple[NDArray[Any], Floats]) -> None:
    rows, worth = planted
    strategies = [idea.name for idea in catalogue().strategies]
    followers = [strategies.index(name) for name in ("trend_breakout", "trend_pullback", "supertrend_follow")]
    for mine in (np.ones(rows.size, bool), np.isin(rows["strategy"], followers)):
        chosen = rows[mine]
        found = performance(chosen["result"], uniqueness=uniqueness_of(chosen), confidence=0.999)
        assert found.n > 1_000
        assert found.interval.low < worth[mine].mean() < found.interval.high
    assert found.interval.low > 0  # of the followers: the edge is seen


def test_planted_edge_is_called_significant(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    drift, deviation = generators.trending(DAYS * DAILY, rng, strength=STRENGTH)
    returns = drift + deviation * rng.standard_normal(drift.size)
    report = judged(returns, deviation, 3, tmp_path, intelligence=TRUSTING, **COSTS)
    assert report.card.verdict.verdict == "SIGNIFICANT"
