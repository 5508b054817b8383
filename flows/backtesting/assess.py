"""Assess: from the results of a run to its statistics and its verdict."""

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.executions import SKIP_REASONS, SKIPPED, UNFILLED
from domain.slices import EMITTED, SUPPRESSED_REASONS
from domain.statistics.card import Card, Costs, card
from domain.statistics.overfitting import Overfitting, overfitting
from domain.statistics.performance import performance
from domain.statistics.reliability import reliability
from domain.statistics.trials import Trials, trials
from domain.statistics.verdict import Verdict
from flows.backtesting.graded import graded
from flows.backtesting.ledger import Attempt, LedgerContents
from flows.backtesting.periods import Period, daily_returns, judged
from flows.backtesting.report import Counts, Gross
from flows.backtesting.run_results import RunResults
from flows.backtesting.tables import uniqueness_of

Rows = NDArray[Any]

BY_SCORE = [SUPPRESSED_REASONS.index(name) for name in ("below_threshold", "negative_expected_value", "symbol_muted")]
SHORT_DAYS = 160
"""Below this number of days, halves of 16 blocks are too short to compare variants."""


@dataclass(frozen=True)
class Evidence:
    """The data of the verdict.

    Attributes
    ----------
    every
        GRADED: each candidate of the whole run that was entered and ended.
    period
        The evaluated period.
    candidates, trades
        Candidates decided in the period; those of them that the account traded.
    returns
        Daily returns of the account in the period.
    """

    every: Rows
    period: Period
    candidates: Rows
    trades: Rows
    returns: NDArray[np.float64]


def evidence(given: RunResults, *, cost: float, warmup_share: float) -> Evidence:
    """Extract the evidence of a run; `cost` is that of both sides of a trade, as a fraction of the price."""
    rows = graded(given, cost)
    every = rows[np.isfinite(rows["result"])]
    period = judged(given.first_ns, given.last_ns, given.equity, warmup_share=warmup_share)
    candidates = every[every["ts"] >= period.begin_ns]
    return Evidence(every, period, candidates, candidates[candidates["traded"]], daily_returns(period.days))


def trials_of(attempts: list[Attempt]) -> Trials:
    """Statistics of the attempts as trials; one without a Sharpe ratio counts as well."""
    return trials([np.nan if each.sharpe is None else each.sharpe for each in attempts])


def assess(
    found: Evidence, *, attempts: list[Attempt], contents: LedgerContents, ledger: str | None, costs: Costs
) -> Card:
    """Compute the card of the evaluated period.

    Parameters
    ----------
    attempts
        Distinct attempts on the same data, this one included.
    contents
        Contents of the ledger.
    ledger
        Its path, if it is not the default one, which the verdict then mentions.
    costs
        Costs per side.
    """
    computed = card(
        found.returns,
        found.trades["result"],
        tried=trials_of(attempts),
        costs=costs,
        uniqueness=uniqueness_of(found.trades),
        probabilities=found.trades["probability"],
        overfitting=variants(attempts, contents.attempts[-1]),
    )
    whole = reliability(found.candidates["probability"], found.candidates["result"] > 0)
    verdict = _with_suppressed(computed.verdict, found.candidates)
    return msgspec.structs.replace(computed, calibration=whole, verdict=_with_doubts(verdict, contents, ledger))


def variants(attempts: list[Attempt], newest: Attempt) -> Overfitting | None:
    """Probability of overfitting over the attempts on the same days as the newest; None for fewer than two."""
    same = [each for each in attempts if (each.first_day, len(each.returns)) == (newest.first_day, len(newest.returns))]
    if len(same) < 2 or not newest.returns:
        return None
    days = len(newest.returns)
    return overfitting(np.array([each.returns for each in same]).T, blocks=16 if days >= SHORT_DAYS else 8)


def _with_suppressed(verdict: Verdict, candidates: Rows) -> Verdict:
    """Add the number of suppressed candidates to a verdict of too few trades."""
    suppressed = int((~candidates["emitted"] & np.isin(candidates["reason"], BY_SCORE)).sum())
    if verdict.verdict != "INSUFFICIENT" or suppressed <= verdict.n:
        return verdict
    hint = f"score held back {suppressed:,} candidates that were not known to pay (--no-gate trades them too)"
    return msgspec.structs.replace(verdict, reasons=(*verdict.reasons, hint))


def _with_doubts(verdict: Verdict, contents: LedgerContents, ledger: str | None) -> Verdict:
    """Add doubts about the number of trials to the verdict; with them, nothing is significant."""
    reasons = verdict.reasons
    if ledger is not None:
        reasons = (*reasons, f"trials were counted in {ledger}, which is not the usual ledger")
    if not contents.faults:
        return msgspec.structs.replace(verdict, reasons=reasons)
    doubt = f"the ledger of trials was changed ({'; '.join(contents.faults)}), so nobody knows how many there were"
    downgraded = "INSUFFICIENT" if verdict.verdict == "SIGNIFICANT" else verdict.verdict
    return msgspec.structs.replace(verdict, verdict=downgraded, reasons=(doubt, *reasons))


def counts_of(given: RunResults, found: Evidence) -> Counts:
    """Counts of the run, from bars to trades."""
    decisions, executions = given.decisions, given.executions
    emitted = int((decisions["status"] == EMITTED).sum())
    skipped = executions[executions["state"] == SKIPPED]["skipped"]
    return Counts(
        **{name: given.counts[name] for name in ("bars", "events", "duplicates", "late", "rejects", "gaps")},
        candidates=decisions.size,
        emitted=emitted,
        suppressed=decisions.size - emitted,
        open=decisions.size - given.outcomes.size,
        unfilled=int((executions["state"] == UNFILLED).sum()),
        skipped={SKIP_REASONS[code]: int((skipped == code).sum()) for code in np.unique(skipped).tolist()},
        trades=int(found.every["traded"].sum()),
        judged=found.trades.size,
    )


def gross_of(trades: Rows) -> Gross:
    """Statistics of GRADED trades before costs."""
    figures = performance(trades["result"] + trades["cost"], uniqueness=uniqueness_of(trades))
    mean_cost = float(trades["cost"].mean()) if trades.size else None
    return Gross(figures.n, figures.mean, figures.interval, mean_cost)
