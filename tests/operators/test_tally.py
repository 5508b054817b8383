"""`tally`: consistent sums, and alerts that are raised once."""

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.aligned import Aligned
from domain.clock import DAY, MINUTE
from domain.executions import EQUITY, EVEN, EXECUTION, LOSS, OPEN, PLANNED, WIN
from domain.performance import ALERTS, BUCKET, BUCKETS, GROUPS, OVERALL, STRATEGY
from operators.tally import Tally
from tests.aligned import cut, joined
from tests.builders import records

NAMES = ("fade", "follow", "jump")


@cache
def history(seed: int = 3, count: int = 600) -> Aligned:
    """Trades of three strategies, one of which stops earning, and the days they fell in."""
    rng = np.random.default_rng(seed)
    trades = np.zeros(count, EXECUTION)
    trades["at"] = np.sort(rng.integers(1, 30 * 1440, count)) * MINUTE
    trades["strategy"] = rng.integers(0, 3, count)
    trades["state"] = rng.choice([PLANNED, OPEN, WIN, LOSS, EVEN], count, p=[0.1, 0.1, 0.35, 0.4, 0.05])
    trades["pnl_r"] = np.select([trades["state"] == WIN, trades["state"] == LOSS], [1.5, -1.1], 0.0)
    trades["pnl"] = 100.0 * trades["pnl_r"] * rng.uniform(0.5, 1.0, count)
    trades["equity"] = 10_000.0 + np.cumsum(np.where(np.isin(trades["state"], (WIN, LOSS)), trades["pnl"], 0.0))
    trades["probability"] = np.where(rng.random(count) < 0.8, rng.uniform(0.0, 1.0, count), np.nan)
    days = np.zeros(30, EQUITY)
    days["day"] = np.arange(1, 31) * DAY
    days["equity"] = 10_000.0 * np.exp(np.cumsum(rng.normal(-0.02, 0.05, 30)))
    days["drawdown"] = days["equity"] / np.maximum.accumulate(days["equity"]) - 1.0
    return Aligned(30 * DAY, executions=trades, equity=days)


def tallied(pieces: list[Aligned], *, resume_at: frozenset[int] = frozenset()) -> Aligned:
    step = Tally(NAMES)
    found = []
    for at, piece in enumerate(pieces):
        if at in resume_at:
            step = Tally(NAMES, step.snapshot())
        found += step.on_batch([piece])[0]
    return joined(found)


def ended(trades: np.ndarray) -> np.ndarray:
    return trades[np.isin(trades["state"], (WIN, LOSS, EVEN))]


def group_of(trades: np.ndarray, group: int, index: int) -> np.ndarray:
    if group == OVERALL:
        return trades
    if group == STRATEGY:
        return trades[trades["strategy"] == index]
    place = np.minimum(np.floor(trades["probability"] * BUCKETS), BUCKETS - 1)
    return trades[place == index]


def test_the_newest_row_of_a_group_sums_its_trades() -> None:
    rows = tallied([history()]).performance
    trades = ended(history().executions)
    keys = {(int(group), int(index)) for group, index in rows[["group", "index"]].tolist()}
    assert keys == {(OVERALL, 0), *((STRATEGY, at) for at in range(3)), *((BUCKET, at) for at in range(BUCKETS))}
    for group, index in keys:
        mine = rows[(rows["group"] == group) & (rows["index"] == index)]
        own = group_of(trades, group, index)
        assert mine["ts"].tolist() == own["at"].tolist(), GROUPS[group]
        last, pnl, won = mine[-1], own["pnl"], own["state"] == WIN
        running = np.concatenate([[0.0], np.cumsum(pnl)])
        known = own[~np.isnan(own["probability"])]
        by_day = np.zeros(own["at"][-1] // DAY - own["at"][0] // DAY + 1)
        np.add.at(by_day, own["at"] // DAY - own["at"][0] // DAY, pnl / (own["equity"] - pnl))
        expected = {
            "trades": own.size,
            "wins": won.sum(),
            "losses": (own["state"] == LOSS).sum(),
            "pnl": pnl.sum(),
            "gains": pnl[won].sum(),
            "losings": -pnl[own["state"] == LOSS].sum(),
            "r": own["pnl_r"].sum(),
            "r_squares": (own["pnl_r"] ** 2).sum(),
            "drawdown": (np.maximum.accumulate(running) - running).max(),
            "predicted": known.size,
            "probability": known["probability"].sum(),
            "days": by_day.size - 1,
            "returns": by_day[:-1].sum(),
            "return_squares": (by_day[:-1] ** 2).sum(),
            "day_return": by_day[-1],
            "brier": ((known["probability"] - (known["state"] == WIN)) ** 2).sum(),
        }
        assert {name: last[name] for name in expected} == pytest.approx(expected)


@settings(max_examples=25)
@given(data=st.data())
def test_cuts_and_restarts_do_not_matter(data: st.DataObject) -> None:
    whole = history()
    minutes = data.draw(st.lists(st.integers(1, 30 * 1440), max_size=8))
    pieces = cut(whole, [minute * MINUTE for minute in minutes])
    resumes = data.draw(st.frozensets(st.integers(0, len(pieces) - 1), max_size=3))
    found, expected = tallied(pieces, resume_at=resumes), tallied([whole])
    for family in ("performance", "alerts"):
        assert getattr(found, family).tobytes() == getattr(expected, family).tobytes()


def outcomes(*states: int, pnl_r: dict[int, float] | None = None) -> np.ndarray:
    worth = pnl_r or {WIN: 1.5, LOSS: -1.0, EVEN: 0.0}
    return records(
        EXECUTION,
        *({"at": at, "state": state, "pnl": worth[state], "pnl_r": worth[state]} for at, state in enumerate(states, 1)),
    )


def told(**families: Any) -> list[tuple[str, int, int, float]]:
    rows = tallied([Aligned(10**9, **families)]).alerts
    return [(ALERTS[row["kind"]], int(row["ts"]), int(row["strategy"]), float(row["value"])) for row in rows]


def test_ten_wins_in_a_row_are_a_milestone() -> None:
    assert told(executions=outcomes(*[WIN] * 9)) == []
    assert told(executions=outcomes(*[WIN] * 21)) == [("win_streak", 10, 0, 10.0), ("win_streak", 20, 0, 20.0)]
    assert told(executions=outcomes(*[WIN] * 9, EVEN, *[WIN] * 9)) == []


def test_five_losses_in_a_row_are_a_warning() -> None:
    assert told(executions=outcomes(*[LOSS] * 4, WIN, *[LOSS] * 5)) == [("loss_streak", 10, 0, 5.0)]


def test_each_tenth_of_drawdown_is_told_once_until_a_new_high() -> None:
    falls = [-0.05, -0.1, -0.15, -0.35, -0.2, 0.0, -0.12]
    days = records(EQUITY, *({"day": at, "drawdown": fall} for at, fall in enumerate(falls)))
    assert told(equity=days) == [
        ("drawdown", 1, -1, 0.1),
        ("drawdown", 3, -1, 0.35),
        ("drawdown", 6, -1, 0.12),
    ]


def test_a_strategy_that_stops_earning_is_told_once_and_so_is_its_return() -> None:
    good, bad = [WIN, LOSS] * 40, [LOSS, LOSS, LOSS, WIN] * 30
    kinds = [kind for kind, *_ in told(executions=outcomes(*good, *bad, *good, *good)) if "streak" not in kind]
    assert kinds == ["degraded", "recovered"]


@pytest.mark.parametrize("state", [WIN, LOSS])
def test_all_alike_has_no_spread_and_no_infinity(state: int) -> None:
    rows = tallied([Aligned(10**9, executions=outcomes(*[state] * 80))])
    assert np.isfinite(rows.performance["r_squares"]).all()
    degraded = [row for row in rows.alerts if ALERTS[row["kind"]] == "degraded"]
    assert len(degraded) == (state == LOSS)
    assert all(math.isfinite(row["bound"]) for row in degraded)


def test_thousands_at_one_instant_are_summed_each() -> None:
    rows = tallied([Aligned(10**9, executions=np.repeat(outcomes(WIN, LOSS), 2_500))]).performance
    last = rows[rows["group"] == OVERALL][-1]
    assert (last["trades"], last["wins"], last["losses"], last["r"]) == (5_000, 2_500, 2_500, 1_250.0)
    assert all(np.isfinite(rows[name]).all() for name in rows.dtype.names)


@pytest.mark.parametrize(("probability", "bucket"), [(0.0, 0), (1.0, BUCKETS - 1)])
def test_certainty_stands_in_the_outmost_bucket(probability: float, bucket: int) -> None:
    trades = outcomes(WIN, LOSS)
    trades["probability"] = probability
    rows = tallied([Aligned(10**9, executions=trades)]).performance
    last = rows[rows["group"] == BUCKET][-1]
    assert (last["index"], last["trades"], last["probability"], last["brier"]) == (bucket, 2, 2 * probability, 1.0)


def test_a_strategy_may_come_and_go() -> None:
    before = Tally(NAMES)
    before.on_batch([history()])
    after = Tally(("jump", "new", "fade"), before.snapshot())
    rows = history().executions.copy()
    rows["strategy"] = np.array([2, 1, 0])[rows["strategy"]]
    found = after.on_batch([Aligned(1, executions=rows)])[0][0].performance
    twice = tallied([history(), history()]).performance
    for old, new in ((0, 2), (2, 0)):
        mine = found[(found["group"] == STRATEGY) & (found["index"] == new)][-1]
        own = twice[(twice["group"] == STRATEGY) & (twice["index"] == old)][-1]
        assert [mine[name] for name in ("trades", "pnl", "r", "drawdown")] == [
            own[name] for name in ("trades", "pnl", "r", "drawdown")
        ]
