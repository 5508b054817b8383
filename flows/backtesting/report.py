"""Report: the results of a backtest, as written to JSON; text and page render it."""

from datetime import datetime
from typing import Any

import msgspec

from domain.statistics.card import Card
from domain.statistics.intervals import Interval
from flows.backtesting.periods import Fold
from flows.backtesting.tables import Table

SCHEMA_VERSION = 1
"""Version of the JSON; `signalengine report` refuses any other."""


class InputFile(msgspec.Struct, frozen=True):
    """An input file, with its size and the hash of its content."""

    name: str
    size: int
    sha256: str


class Span(msgspec.Struct, frozen=True):
    """Start and end of the data, and the start of the evaluated period after the warm-up."""

    begin: datetime
    judged_from: datetime
    end: datetime


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Counts, from bars to trades.

    Attributes
    ----------
    bars, events
        Closed bars and detected events.
    duplicates, late, rejects, gaps
        Of the input.
    candidates, emitted, suppressed
        Decisions of the whole run.
    open
        Candidates that were still open at the end of the data.
    unfilled, skipped
        Emitted signals without a trade in time to enter at; those that the account did not size, by reason.
    trades
        Emitted signals that the account traded to their end, in the whole run.
    judged
        Those of them that were decided after the warm-up.
    """

    bars: int
    events: int
    duplicates: int
    late: int
    rejects: int
    gaps: int
    candidates: int
    emitted: int
    suppressed: int
    open: int
    unfilled: int
    skipped: dict[str, int]
    trades: int
    judged: int


class Gross(msgspec.Struct, frozen=True):
    """Statistics of n trades before costs, in R; None where undefined."""

    n: int
    mean: float | None
    interval: Interval | None
    mean_cost: float | None


class EquityPoint(msgspec.Struct, frozen=True):
    """The account at the end of a UTC day; `drawdown` is relative to its highest value, at most 0."""

    day: datetime
    equity: float
    drawdown: float


class TrialCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The number of attempts, and the ledger that counted them.

    Attributes
    ----------
    ledger
        Path of the ledger.
    usual
        Whether it is the default one in the home directory.
    lines
        Number of all attempts in it, on any data.
    attempts
        Number of distinct attempts on this data, this one included.
    variance
        Variance of their daily Sharpe ratios; None for a single attempt.
    faults
        Signs that lines were changed or removed.
    elsewhere
        Number of attempts on this data that are only in the database: of other ledgers, or of a deleted one.
    unshared
        Why the database could not be queried; None if it was, or if there is none.
    """

    ledger: str
    usual: bool
    lines: int
    attempts: int
    variance: float | None
    faults: tuple[str, ...]
    elsewhere: int = 0
    unshared: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a backtest.

    Attributes
    ----------
    form
        Schema version of this record.
    card
        The verdict and all figures of the evaluated period. Its calibration covers all candidates, including
        the suppressed ones: they are evidence too.
    name, version, made_at
        Name given by the user; version of the engine; time of the run.
    span, simulated, instruments, inputs
        The input data.
    settings
        All settings that affect the results.
    counts
        Counts, from bars to trades.
    gross
        Statistics before costs, of the same trades as the card.
    calibrated_share
        Share of the stated probabilities that were calibrated; the others are the strategies' own
        confidence.
    warmup, folds
        The warm-up, and the folds of the evaluated period.
    tables
        Groups of the evaluated trades.
    start_equity, equity
        The account, including the warm-up.
    trials
        Number of attempts.
    assumptions
        The assumptions, as sentences.
    """

    form: int = SCHEMA_VERSION
    card: Card
    name: str
    version: str
    made_at: datetime
    span: Span
    simulated: bool
    instruments: list[str]
    inputs: list[InputFile]
    settings: dict[str, Any]
    counts: Counts
    gross: Gross
    calibrated_share: float | None
    warmup: Fold | None
    folds: list[Fold]
    tables: list[Table]
    start_equity: float
    equity: list[EquityPoint]
    trials: TrialCounts
    assumptions: list[str]
