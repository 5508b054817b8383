"""`execute`: every emitted signal is paper-traded, and the account balances."""

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.aligned import Aligned
from domain.clock import DAY, MINUTE
from domain.errors import SettingError
from domain.executions import OPEN, PLANNED, SKIP_REASONS, SKIPPED, UNFILLED, WIN
from domain.paper import PaperSettings
from domain.scores import SCORE
from domain.slices import BAR, CANDIDATE, EMITTED, OUTCOME, SUPPRESSED, SYNTHETIC, TP_HIT
from operators.execute import Execute
from operators.kernels.paper import RULE, share_at_risk
from operators.settle import Costs
from tests.aligned import cut, joined
from tests.builders import records
from tests.flows.market import decided

COSTS = Costs(5.0, 1.0)
SMALL = PaperSettings(positions_max=3, notional_max=0.5)


@cache
def market() -> Aligned:
    """Ten days of four instruments, with a probability for every second candidate."""
    whole = joined(decided(3_000, 300))
    whole.scores = np.zeros(whole.candidates.size, SCORE)
    rng = np.random.default_rng(7)
    whole.scores["probability"] = rng.uniform(0.2, 0.9, whole.scores.size)
    whole.scores["history"] = rng.integers(0, 2, whole.scores.size) * 50.0
    whole.scores["regime"] = rng.integers(0, 10, whole.scores.size)
    return whole


def executed(pieces: list[Aligned], paper: PaperSettings = SMALL, *, resume_at: frozenset[int] = frozenset()) -> Any:
    step = Execute(paper, COSTS)
    found = []
    for at, piece in enumerate(pieces):
        if at in resume_at:
            step = Execute(paper, COSTS, step.snapshot())
        found += step.on_batch([piece])[0]
    return joined(found)


def twin(given: Aligned, paper: PaperSettings) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The same account in plain Python: rows told, and days."""
    equity, peak, marked = paper.equity, paper.equity, paper.equity
    held: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    days: list[dict[str, Any]] = []
    cost = COSTS.both_sides
    times = sorted({*given.bars["close_time"], *given.candidates["ts"], *given.outcomes["exit_at"]})
    midnight = math.ceil(times[0] / DAY) * DAY
    for now in times:
        while midnight < now:
            filled = [each for each in held if each["filled"]]
            floating = sum(
                each["shares"] * (each["way"] * (each["mark"] - each["entry"]) - cost * each["entry"])
                for each in filled
            )
            worth = equity + floating
            peak = max(peak, worth)
            days.append({"day": midnight, "equity": worth, "return": worth / marked - 1, "drawdown": worth / peak - 1})
            marked, midnight = worth, midnight + DAY
        for row in given.outcomes[given.outcomes["exit_at"] == now]:
            key = (row["ts"], row["instrument"], row["strategy"], row["direction"])
            mine = next((each for each in held if each["key"] == key), None)
            if mine is None:
                continue
            held.remove(mine)
            pnl = mine["shares"] * row["entry_price"] * row["return_pct"] / 100 if row["entry_at"] else math.nan
            equity += 0.0 if math.isnan(pnl) else pnl
            told.append({"key": key, "at": now, "pnl": pnl, "shares": mine["shares"], "equity": equity})
        for row in given.bars[(given.bars["close_time"] == now) & (given.bars["frame"] == 0)]:
            for mine in [each for each in held if each["key"][1] == row["instrument"]]:
                if not mine["filled"] and row["open_time"] >= mine["key"][0] and not row["flags"] & SYNTHETIC:
                    mine["filled"], mine["entry"] = True, row["open"]
                    told.append(
                        {"key": mine["key"], "at": now, "pnl": math.nan, "shares": mine["shares"], "equity": equity}
                    )
                mine["mark"] = row["close"]
        for at in np.flatnonzero(given.candidates["ts"] == now):
            row, score = given.candidates[at], given.scores[at]
            if row["status"] != EMITTED:
                continue
            key = (row["ts"], row["instrument"], row["strategy"], row["direction"])
            distance = abs(row["entry_price"] - row["stop_loss"])
            loss = 1 + cost * row["entry_price"] / distance
            reward = abs(row["take_profit"] - row["entry_price"]) / distance - (loss - 1)
            share = paper.risk_fraction if reward > 0 else 0.0
            if score["history"] > 0 and reward > 0:
                p = score["probability"]
                share = max(0.0, min(share, paper.kelly_fraction * (p * reward - (1 - p) * loss) / (loss * reward)))
            if len(held) >= paper.positions_max:
                share = 0.0
            shares = min(share * equity / (distance * loss), paper.notional_max * equity / row["entry_price"])
            told.append({"key": key, "at": now, "pnl": math.nan, "shares": shares, "equity": equity})
            if shares > 0:
                entry = row["entry_price"]
                way = int(row["direction"])
                held.append({"key": key, "way": way, "shares": shares, "entry": entry, "mark": entry, "filled": False})
    return told, days


def test_the_account_equals_its_twin() -> None:
    found = executed([market()])
    told, days = twin(market(), SMALL)
    rows = found.executions
    keys = list(zip(*(rows[name].tolist() for name in ("ts", "instrument", "strategy", "direction")), strict=True))
    assert keys == [each["key"] for each in told]
    for name in ("at", "pnl", "shares", "equity"):
        np.testing.assert_allclose(rows[name], [each[name] for each in told], rtol=1e-12)
    for name in ("day", "equity", "return", "drawdown"):
        np.testing.assert_allclose(found.equity[name], [each[name] for each in days], rtol=1e-9, atol=1e-12)
    assert len(days) >= 9
    assert {PLANNED, OPEN, WIN, SKIPPED} <= set(rows["state"].tolist())


@settings(max_examples=25)
@given(data=st.data())
def test_cuts_and_restarts_do_not_matter(data: st.DataObject) -> None:
    whole = market()
    times = np.unique(whole.bars["close_time"])
    cuts = data.draw(st.lists(st.integers(0, times.size - 1), max_size=8))
    pieces = cut(whole, [int(times[at]) for at in cuts])
    resumes = data.draw(st.frozensets(st.integers(0, len(pieces) - 1), max_size=3))
    found, expected = executed(pieces, resume_at=resumes), executed([whole])
    for family in ("executions", "equity"):
        assert getattr(found, family).tobytes() == getattr(expected, family).tobytes()


def test_every_emitted_signal_has_a_trade_and_every_trade_ends_once() -> None:
    whole = market()
    rows = executed([whole]).executions
    emitted = whole.candidates[whole.candidates["status"] == EMITTED]
    begun = rows[np.isin(rows["state"], (PLANNED, SKIPPED))]
    for name in ("ts", "instrument", "strategy", "direction"):
        assert begun[name].tolist() == emitted[name].tolist()
    ended = rows[rows["outcome"] != 255]
    assert len({tuple(row) for row in ended[["ts", "instrument", "strategy", "direction"]].tolist()}) == ended.size
    assert PaperSettings().equity + np.nansum(rows["pnl"]) == pytest.approx(rows["equity"][-1])
    assert ((rows["state"] == SKIPPED) == (rows["shares"] == 0.0)).all()
    planned = rows[rows["state"] == PLANNED]
    assert (planned["risk"] <= SMALL.risk_fraction * planned["equity"] * (1 + 1e-12)).all()
    assert (planned["notional"] <= SMALL.notional_max * planned["equity"] * (1 + 1e-12)).all()


def one(**changes: Any) -> Aligned:
    """A candidate at minute 5 that is entered at 100 a minute later and wins 2 R."""
    candidate = {"ts": 5 * MINUTE, "instrument": 1, "entry_price": 100.0, "stop_loss": 99.0, "take_profit": 102.0}
    outcome = {
        "ts": 5 * MINUTE,
        "instrument": 1,
        "direction": 1,
        "entry_at": 5 * MINUTE,
        "exit_at": 7 * MINUTE,
        "entry_price": 100.0,
        "exit_price": 102.0,
        "return_pct": 1.88,
        "return_r": 1.88,
        "outcome": TP_HIT,
    }
    bars = [
        {"open_time": (at - 1) * MINUTE, "close_time": at * MINUTE, "instrument": 1, "open": 100.0, "close": 100.0 + at}
        for at in range(1, 8)
    ]
    return Aligned(
        7 * MINUTE,
        bars=records(BAR, *bars),
        candidates=records(CANDIDATE, {**candidate, "direction": 1, "status": EMITTED, **changes}),
        outcomes=records(OUTCOME, outcome),
    )


def test_a_trade_from_plan_to_profit() -> None:
    rows = executed([one()], PaperSettings()).executions
    assert rows["state"].tolist() == [PLANNED, OPEN, WIN]
    assert rows["at"].tolist() == [5 * MINUTE, 6 * MINUTE, 7 * MINUTE]
    # 1 % of 10,000 over a distance of 1 and costs of 0.12 would be 89.29 shares, but 100 is all that may be bought.
    assert rows["shares"].tolist() == pytest.approx([89.2857142857] * 3)
    assert rows["risk"][0] == pytest.approx(100.0)
    assert rows["pnl"][2] == pytest.approx(89.2857142857 * 1.88)
    assert rows["fees"].tolist() == pytest.approx([0.0, 0.0, 89.2857142857 * 0.12])
    assert rows["equity"][2] == pytest.approx(10_000 + rows["pnl"][2])


@pytest.mark.parametrize(("cost", "redeemed", "paid"), [(0, 1, 0.06), (2_400, 0, 0.24), (-2_400, 1, 0.12)])
def test_fees_are_the_candidates_own_and_of_one_side_where_its_market_pays(
    cost: int, redeemed: int, paid: float
) -> None:
    whole = one(cost=cost)
    whole.outcomes["redeemed"] = redeemed
    rows = executed([whole], PaperSettings()).executions
    # 1 % of 10,000 is risked, over a distance of 1 and the costs of both sides.
    assert rows["shares"][2] == pytest.approx(100.0 / (1.0 + (abs(cost) / 10_000 or 0.12)))
    assert rows["fees"][2] == pytest.approx(paid * rows["shares"][2])


def test_what_is_suppressed_is_not_traded() -> None:
    assert executed([one(status=SUPPRESSED)], PaperSettings()).executions.size == 0


def test_what_never_traded_is_unfilled() -> None:
    whole = one()
    whole.bars["flags"] = SYNTHETIC
    whole.outcomes["entry_at"] = 0
    for name in ("entry_price", "exit_price", "return_pct", "return_r"):
        whole.outcomes[name] = np.nan
    rows = executed([whole], PaperSettings()).executions
    assert rows["state"].tolist() == [PLANNED, UNFILLED]
    assert (rows["pnl"][1], rows["equity"][1]) == (pytest.approx(math.nan, nan_ok=True), 10_000.0)


def test_limits_skip_and_say_why() -> None:
    whole = one()
    whole.candidates = np.repeat(whole.candidates, 2)
    whole.candidates["strategy"] = [0, 1]
    rows = executed([whole], PaperSettings(positions_max=1)).executions
    assert [SKIP_REASONS[why] for why in rows["skipped"]] == ["", "max_open_positions", "", ""]
    whole = one()
    whole.scores = records(SCORE, {"probability": 0.3, "history": 10.0})
    rows = executed([whole], PaperSettings()).executions
    assert [(row["state"], SKIP_REASONS[row["skipped"]]) for row in rows] == [(SKIPPED, "no_edge")]


@pytest.mark.parametrize(
    ("probability", "share"),
    # (p b - q a) / (a b) with b = 2, a = 1: 0.1 at p = 0.4, of which a quarter.
    [(math.nan, 0.05), (0.4, 0.025), (0.99, 0.05), (1.0, 0.05), (1 / 3, 0.0), (0.0, 0.0)],
)
def test_kelly_caps_the_fixed_fraction(probability: float, share: float) -> None:
    rule = np.array([(0.05, 0.25, 1.0, 0.0, 1)], RULE)[0]
    assert share_at_risk(probability, 2.0, 1.0, rule) == pytest.approx(share, abs=1e-15)


@pytest.mark.parametrize(("probability", "states"), [(0.0, [SKIPPED]), (1.0, [PLANNED, OPEN, WIN])])
def test_certainty_risks_no_more_than_the_rule(probability: float, states: list[int]) -> None:
    whole = one()
    whole.scores = records(SCORE, {"probability": probability, "history": 10.0})
    rows = executed([whole], PaperSettings()).executions
    assert rows["state"].tolist() == states
    assert (rows["risk"] <= PaperSettings().risk_fraction * 10_000 * (1 + 1e-12)).all()


def test_without_history_confidence_sizes_nothing() -> None:
    unknown, certain = one(), one()
    unknown.scores = records(SCORE, {"probability": 0.01, "history": 0.0})
    rows = executed([unknown], PaperSettings()).executions
    assert rows["shares"].tolist() == executed([certain], PaperSettings()).executions["shares"].tolist()
    assert np.isnan(rows["probability"]).all()


def test_thousands_at_one_instant_all_have_a_trade_and_few_a_position() -> None:
    whole = one()
    whole.candidates = np.repeat(whole.candidates, 5_000)
    whole.candidates["instrument"] = np.arange(5_000)
    rows = executed([whole], SMALL).executions
    begun = rows[np.isin(rows["state"], (PLANNED, SKIPPED))]
    assert begun["instrument"].tolist() == list(range(5_000))
    assert (begun["state"] == PLANNED).sum() == SMALL.positions_max
    assert {SKIP_REASONS[why] for why in begun["skipped"]} == {"", "max_open_positions"}
    assert np.isfinite(rows["equity"]).all()


def test_kelly_fraction_of_zero_disables_the_limit() -> None:
    rule = np.array([(0.05, 0.0, 1.0, 0.0, 1)], RULE)[0]
    assert [share_at_risk(p, 2.0, 1.0, rule) for p in (0.0, 0.4, math.nan)] == [0.05] * 3
    assert share_at_risk(0.9, 0.0, 1.0, rule) == 0.0
    assert PaperSettings(kelly_fraction=0.0).checked()


def test_target_within_the_costs_is_never_traded() -> None:
    rule = np.array([(0.05, 0.25, 1.0, 0.0, 1)], RULE)[0]
    assert share_at_risk(0.9, 0.0, 1.5, rule) == share_at_risk(math.nan, -0.1, 1.5, rule) == 0.0


def test_a_day_without_rows_is_still_a_day() -> None:
    later = one()
    for name in ("open_time", "close_time"):
        later.bars[name] += 3 * DAY
    later.candidates, later.outcomes = later.candidates[:0], later.outcomes[:0]
    days = executed([one(), later], PaperSettings()).equity
    assert (days["day"] // DAY).tolist() == [1, 2, 3]
    assert days["return"].tolist() == pytest.approx([89.2857142857 * 1.88 / 10_000, 0.0, 0.0])


@pytest.mark.parametrize(
    "wrong", [{"equity": 0.0}, {"risk_fraction": 1.5}, {"kelly_fraction": math.nan}, {"positions_max": 0}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=next(iter(wrong))):
        PaperSettings(**wrong).checked()
