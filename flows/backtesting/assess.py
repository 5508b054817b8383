"""Assess: from what a run concluded to what may be said of it."""

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
from flows.backtesting.gather import Gathered
from flows.backtesting.graded import graded
from flows.backtesting.ledger import Attempt, Book
from flows.backtesting.periods import Period, daily_returns, judged
from flows.backtesting.report import Counts, Gross
from flows.backtesting.tables import distinctness

Rows = NDArray[Any]

BY_SCORE = [SUPPRESSED_REASONS.index(name) for name in ("below_threshold", "negative_expected_value", "symbol_muted")]
SHORT_DAYS = 160
"""Under so many days, halves of 16 blocks are too short to compare variants in."""


@dataclass(frozen=True)
class Evidence:
    """What the verdict stands on.

    Attributes
    ----------
    every
        GRADED: each candidate that ended and was entered, of the whole run.
    period
        What is judged.
    candidates, trades
        Those decided in it; those of them that the account traded.
    returns
        Of the account, of each day of the period.
    """

    every: Rows
    period: Period
    candidates: Rows
    trades: Rows
    returns: NDArray[np.float64]


def evidence(given: Gathered, *, cost: float, warmup_share: float) -> Evidence:
    """The evidence in a run; `cost` of both sides of a trade, as a fraction of the price."""
    rows = graded(given, cost)
    every = rows[np.isfinite(rows["result"])]
    period = judged(given.first_ns, given.last_ns, given.equity, warmup_share=warmup_share)
    candidates = every[every["ts"] >= period.begin_ns]
    return Evidence(every, period, candidates, candidates[candidates["traded"]], daily_returns(period.days))


def tried(attempts: list[Attempt]) -> Trials:
    """The trials that these attempts are; one without a Sharpe ratio counts as well."""
    return trials([np.nan if each.sharpe is None else each.sharpe for each in attempts])


def assess(found: Evidence, *, attempts: list[Attempt], book: Book, ledger: str | None, costs: Costs) -> Card:
    """The card of the judged period.

    Parameters
    ----------
    attempts
        Different ones on the same data, this one included.
    book
        All of the ledger.
    ledger
        Its path, if it is not the usual one; the verdict then says so.
    costs
        Per side.
    """
    made = card(
        found.returns,
        found.trades["result"],
        tried=tried(attempts),
        costs=costs,
        uniqueness=distinctness(found.trades),
        probabilities=found.trades["probability"],
        overfitting=variants(attempts, book.attempts[-1]),
    )
    whole = reliability(found.candidates["probability"], found.candidates["result"] > 0)
    said = _held_back(made.verdict, found.candidates)
    return msgspec.structs.replace(made, calibration=whole, verdict=_doubted(said, book, ledger))


def variants(attempts: list[Attempt], newest: Attempt) -> Overfitting | None:
    """Overfitting over the attempts that were judged on the very days of the newest; None for fewer than two."""
    same = [each for each in attempts if (each.first_day, len(each.returns)) == (newest.first_day, len(newest.returns))]
    if len(same) < 2 or not newest.returns:
        return None
    days = len(newest.returns)
    return overfitting(np.array([each.returns for each in same]).T, blocks=16 if days >= SHORT_DAYS else 8)


def _held_back(said: Verdict, candidates: Rows) -> Verdict:
    """The verdict, and where the trades went if there are too few: most readers ask for the strategies' own."""
    held = int((~candidates["emitted"] & np.isin(candidates["reason"], BY_SCORE)).sum())
    if said.verdict != "INSUFFICIENT" or held <= said.n:
        return said
    hint = f"score held back {held:,} candidates that were not known to pay (--no-gate trades them too)"
    return msgspec.structs.replace(said, reasons=(*said.reasons, hint))


def _doubted(said: Verdict, book: Book, ledger: str | None) -> Verdict:
    """The verdict, with what is wrong with the count of trials it rests on."""
    reasons = said.reasons
    if ledger is not None:
        reasons = (*reasons, f"trials were counted in {ledger}, which is not the usual ledger")
    if not book.faults:
        return msgspec.structs.replace(said, reasons=reasons)
    doubt = f"the ledger of trials was changed ({'; '.join(book.faults)}), so nobody knows how many there were"
    word = "INSUFFICIENT" if said.verdict == "SIGNIFICANT" else said.verdict
    return msgspec.structs.replace(said, verdict=word, reasons=(doubt, *reasons))


def counts_of(given: Gathered, found: Evidence) -> Counts:
    """How many of what there was."""
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
    """GRADED trades as they would be without costs."""
    figures = performance(trades["result"] + trades["cost"], uniqueness=distinctness(trades))
    mean_cost = float(trades["cost"].mean()) if trades.size else None
    return Gross(figures.n, figures.mean, figures.interval, mean_cost)
