"""A backtest from files to its report, and constructed runs that check its arithmetic."""

import math
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from domain.clock import DAY, HOUR
from domain.errors import InputError, SettingError
from flows.backtesting import page, text
from flows.backtesting.backtest import Backtest, backtest
from flows.backtesting.periods import judged as judged_period
from flows.backtesting.report import Report
from flows.replay import Plan, replay
from tests.flows.backtesting import generators
from tests.flows.backtesting.generators import DAILY, START
from tests.flows.backtesting.markets import NOW, asked, plan_of
from tests.flows.backtesting.runs import gathered, judged

GOOD_DAYS = [0.012, 0.004, 0.011, -0.002] * 15
WINS = [1.0, 0.8, -0.5, 1.2] * 20


def whole(report: Report) -> Report:
    """Render the report in every form; no number is infinite, and JSON round-trips."""
    for shown in (text.text(report), page.page(report)):
        for word in ("inf", "nan", "None"):
            assert word not in shown.lower().replace("info", "").split(), word
    again = msgspec.json.decode(msgspec.json.encode(report), type=Report)
    assert msgspec.json.encode(again) == msgspec.json.encode(report)
    for value in numbers(msgspec.to_builtins(report)):
        assert math.isfinite(value)
    return report


def numbers(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from numbers(each)
    elif isinstance(value, float):
        yield value


def walk(path, days: float, seed: int = 5):
    rng = np.random.default_rng(seed)
    return generators.written(generators.bars(*generators.garch(round(days * DAILY), rng), rng), path)


def test_good_record_is_significant_and_states_its_counts(tmp_path):
    report = whole(judged(WINS, GOOD_DAYS, tmp_path / "trials.jsonl"))
    verdict = report.card.verdict
    assert (verdict.verdict, verdict.days, verdict.n, verdict.trials) == ("SIGNIFICANT", 60, 80, 1)
    assert report.gross.mean == pytest.approx(np.mean(WINS) + 0.1)  # 10 bps of 100, over a stop at 1
    assert [row.name for row in report.tables[0].rows] == ["absorption_fade", "breakout_reversal"]
    assert [row.figures.n for row in report.tables[0].rows] == [40, 40]
    assert sum(fold.results.n + fold.purged for fold in report.folds) == 80
    assert [fold.returns.n for fold in report.folds] == [20, 20, 20]


def test_many_attempts_remove_significance(tmp_path):
    ledger, verdicts = tmp_path / "trials.jsonl", []
    rng = np.random.default_rng(4)
    for number in range(40):
        judged(WINS, rng.permutation(GOOD_DAYS) * rng.normal(0, 1, 60), ledger, fee_bps=float(number))
        report = judged(WINS, [0.006, 0.009, -0.004, -0.002] * 15, ledger, fee_bps=99.0)
        verdicts.append((report.card.verdict.trials, report.card.verdict.dsr))
    assert [count for count, _ in verdicts] == list(range(2, 42))
    assert verdicts[-1][1] < verdicts[0][1]
    assert report.card.overfitting.variants == 41


def test_no_trades_at_all_are_insufficient(tmp_path):
    report = whole(judged([], [0.0] * 40, tmp_path / "trials.jsonl"))
    assert report.card.verdict.verdict == "INSUFFICIENT"
    assert "daily returns do not vary, so there is no Sharpe ratio" in report.card.verdict.reasons
    assert report.card.results.n == 0
    assert all(table.rows == [] for table in report.tables)


@pytest.mark.parametrize("results", [[1.0], [1.0] * 50, [-1.0] * 50, [0.0] * 50], ids=["one", "wins", "losses", "even"])
@pytest.mark.parametrize("days", [[], [0.0], [0.001] * 40], ids=["under a day", "one day", "no variance"])
def test_thin_records_are_insufficient_and_print_nothing_infinite(tmp_path, results, days):
    report = whole(judged(results, days, tmp_path / "trials.jsonl"))
    assert report.card.verdict.verdict == "INSUFFICIENT"
    assert report.card.results.n == len(results)
    assert report.card.results.profit_factor is None or results[0] < 0


@pytest.mark.parametrize(("confidence", "bucket"), [(0.0, "0.0-0.1"), (1.0, "0.9-1.0")])
def test_certainty_is_in_the_last_bucket_and_has_a_finite_score(tmp_path, confidence, bucket):
    report = whole(judged(WINS, GOOD_DAYS, tmp_path / "trials.jsonl", confidence=confidence))
    (table,) = (table for table in report.tables if table.title == "Stated probability")
    assert [(row.name, row.figures.n) for row in table.rows] == [(bucket, 80)]
    assert [(each.predicted, each.n) for each in report.card.calibration.bins] == [(confidence, 80)]
    assert report.card.calibration.scores.brier == pytest.approx(0.75 if confidence == 0.0 else 0.25)


def test_ruin_has_only_finite_numbers(tmp_path):
    report = whole(judged([-1.0] * 40, [-0.5, -1.0, math.nan, *[math.nan] * 40], tmp_path / "trials.jsonl"))
    assert report.card.verdict.verdict != "SIGNIFICANT"


def test_changed_ledger_removes_significance(tmp_path):
    ledger = tmp_path / "trials.jsonl"
    judged(WINS, GOOD_DAYS, ledger)
    ledger.write_bytes(b"")
    report = whole(judged(WINS, GOOD_DAYS, ledger))
    assert report.card.verdict.verdict == "INSUFFICIENT"
    assert "1 line is missing at its end" in report.card.verdict.reasons[0]


def test_another_ledger_is_named_in_the_verdict(tmp_path):
    ledger = tmp_path / "other.jsonl"
    report = judged(WINS, GOOD_DAYS, ledger, usual=False)
    assert report.card.verdict.reasons[-1] == f"trials were counted in {ledger}, which is not the usual ledger"


def test_warm_up_ends_at_a_midnight_and_is_not_judged():
    days = gathered([], [0.01] * 10).equity
    period = judged_period(START, START + 10 * DAY, days, warmup_share=0.25)
    assert (period.begin_ns, period.days.size) == (START + 3 * DAY, 7)
    short = judged_period(START, START + 6 * HOUR, days[:0], warmup_share=0.5)
    assert (short.begin_ns, short.days.size) == (START + 3 * HOUR, 0)


def test_file_through_the_recipe_equals_its_replay(tmp_path):
    path = walk(tmp_path / "walk.feather", 40)
    report = whole(backtest(asked(path, tmp_path / "trials.jsonl"), now=NOW))
    summary = replay(plan_of(path))
    counts = report.counts
    assert (counts.candidates, counts.emitted) == (summary.candidates, summary.signals)
    assert counts.bars == sum(summary.bars.values())
    assert counts.candidates == counts.open + sum(
        number for outcome, number in summary.outcomes.items() if outcome != "open"
    )
    assert report.span.judged_from == datetime.fromtimestamp((START + 8 * DAY) / 1e9, UTC)
    assert report.card.returns.n == len(report.equity) - 8
    assert sum(fold.results.n + fold.purged for fold in report.folds) == counts.judged
    assert report.warmup.results.n + report.warmup.purged == counts.trades - counts.judged


def test_repeated_run_is_the_same_attempt_with_the_same_report(tmp_path):
    path = walk(tmp_path / "walk.feather", 12)
    copy = tmp_path / "another name.feather"
    copy.write_bytes(path.read_bytes())
    ledger = tmp_path / "trials.jsonl"
    first, again, twice = (
        backtest(Backtest(plan=plan, ledger=str(ledger)), now=NOW)
        for plan in (plan_of(path), plan_of(copy), msgspec.structs.replace(plan_of(path), paths=[str(path), str(copy)]))
    )
    assert again.card == first.card
    assert [report.trials.attempts for report in (first, again, twice)] == [1, 1, 1]
    assert (twice.counts.trades, twice.card) == (first.counts.trades, first.card)
    assert len(twice.inputs) == 1
    other = backtest(asked(path, ledger, settings={"fee_bps": 9.0}), now=NOW)
    assert other.trials.attempts == 2


def test_data_shorter_than_a_day_is_insufficient(tmp_path):
    report = whole(backtest(asked(walk(tmp_path / "walk.feather", 0.5), tmp_path / "trials.jsonl"), now=NOW))
    assert report.card.verdict.verdict == "INSUFFICIENT"
    assert report.card.verdict.reasons[0] == "0 days are fewer than 30"
    assert report.folds == []


def test_ledger_is_checked_before_the_data(tmp_path):
    with pytest.raises(SettingError, match="is not a file"):
        backtest(asked(tmp_path / "no such file.csv", tmp_path), now=NOW)


def test_missing_input_leaves_no_line_in_the_ledger(tmp_path):
    with pytest.raises(InputError):
        backtest(asked(tmp_path / "no such file.csv", tmp_path / "trials.jsonl"), now=NOW)
    assert (tmp_path / "trials.jsonl").read_bytes() == b""


@pytest.mark.parametrize(("option", "value"), [("folds", 0), ("warmup_share", 1.0), ("warmup_share", -0.1)])
def test_numbers_out_of_range_are_refused(option, value):
    with pytest.raises(SettingError, match="must"):
        Backtest(plan=Plan(paths=["x"]), ledger="x", **{option: value}).checked()
