"""Report: what a backtest has to say, the verdict first. It is its JSON form; text and page show it."""

from datetime import datetime
from typing import Any

import msgspec

from domain.statistics.card import Card
from domain.statistics.intervals import Interval
from flows.backtesting.periods import Fold
from flows.backtesting.tables import Table

FORM = 1
"""Of the JSON; another form is refused by `signalengine report`."""


class InputFile(msgspec.Struct, frozen=True):
    """A file by its name and the hash of its content."""

    name: str
    size: int
    sha256: str


class Span(msgspec.Struct, frozen=True):
    """The data begin and end; what counts begins after the warm-up."""

    begin: datetime
    judged_from: datetime
    end: datetime


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many of what.

    Attributes
    ----------
    bars, events
        That were concluded.
    duplicates, late, rejects, gaps
        Of the input.
    candidates, emitted, suppressed
        Decisions of the whole run.
    open
        Candidates that had not ended when the data did.
    unfilled, skipped
        Emitted signals for which nothing traded in time; to which the account gave no size, by reason.
    trades
        Emitted signals that the account traded to their end, in the whole run.
    judged
        Of those, decided after the warm-up.
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
    """What n trades would have brought without costs, in R; None where undefined."""

    n: int
    mean: float | None
    interval: Interval | None
    mean_cost: float | None


class Mark(msgspec.Struct, frozen=True):
    """The account at the end of a UTC day; `drawdown` is from its highest mark, at most 0."""

    day: datetime
    equity: float
    drawdown: float


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """Which ledger counted the attempts, and what it says.

    Attributes
    ----------
    ledger
        Its path.
    usual
        Whether it is the one in the home directory.
    lines
        All attempts in it, on whatever data.
    attempts
        Different ones on this data, this one included.
    variance
        Of their daily Sharpe ratios; None for one.
    faults
        Signs that lines were changed or removed.
    elsewhere
        Lines about this data that only the database knows: of other ledgers, or of one that was deleted.
    unshared
        Why the database could not be asked; None if it was, or if there is none.
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
    """A backtest.

    Attributes
    ----------
    form
        Of this record.
    card
        The verdict and all figures of the judged time. Its calibration is of all candidates, the
        suppressed ones included: what was held back is evidence too.
    name, version, made_at
        As the user called it; of the engine; when.
    span, simulated, instruments, inputs
        What it was run on.
    settings
        All that decides the output.
    counts
        How many of what.
    gross
        Before costs, of the same trades as the card.
    calibrated_share
        Share of the stated probabilities that were calibrated; the others are the strategies' own
        confidence.
    warmup, folds
        What was not judged, and the judged time in parts.
    tables
        Groups of judged trades.
    start_equity, equity
        The account, the warm-up included.
    trials
        Attempts.
    assumptions
        Sentences.
    """

    form: int = FORM
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
    equity: list[Mark]
    trials: Tried
    assumptions: list[str]
