"""Formatting: the figures of a report as text, each with its n; undefined values are a dash."""

from domain.statistics.intervals import Interval
from domain.statistics.performance import SMALL, Performance
from domain.statistics.reliability import Bin
from flows.backtesting.periods import Fold
from flows.backtesting.report import Report

NONE = "–"

Lines = list[tuple[str, str]]

FIGURES = ("n", "n_eff", "win rate [95 %]", "mean R ± SE", "profit factor", "total R ± SE")
BINS = ("stated", "happened [95 %]", "wins", "n")
FEW = f"† Fewer than {SMALL} effective results: too few to read anything into."
FOLDS = ("from", "to", "days", "return", "Sharpe ± SE", "deepest fall", "n", "win rate [95 %]", "mean R ± SE", "purged")


def number(value: float | None, digits: int = 2) -> str:
    """A number, or a dash."""
    if value is None:
        return NONE
    return f"{value + 0.0:,.{digits}f}".replace("-", "−")


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction in percent, or a dash."""
    return NONE if value is None else f"{number(100.0 * value, digits)} %"


def between(interval: Interval | None, *, percents: bool = False) -> str:
    """An interval in brackets; nothing if there is none."""
    if interval is None:
        return ""
    scale, digits = (100.0, 1) if percents else (1.0, 3)
    return f"[{number(scale * interval.low, digits)}, {number(scale * interval.high, digits)}]"


def with_error(value: float | None, error: float | None, digits: int = 2) -> str:
    """A value and its standard error."""
    return number(value, digits) if error is None else f"{number(value, digits)} ± {number(error, digits)}"


def headline(report: Report) -> str:
    """The instruments and time range of the data."""
    span, counts = report.span, report.counts
    instruments = ", ".join(report.instruments[:6]) + (" …" if len(report.instruments) > 6 else "")
    return (
        f"{instruments}, {span.begin:%Y-%m-%d} to {span.end:%Y-%m-%d}, {counts.bars:,} bars; "
        f"judged from {span.judged_from:%Y-%m-%d} on"
    )


def card_lines(report: Report) -> Lines:
    """The figures of the card, in reading order."""
    card, trials = report.card, report.trials
    verdict, returns, results = card.verdict, card.returns, card.results
    ratio, scores = returns.sharpe, card.calibration.scores
    days = f"n = {returns.n:,} days"
    gross, calibration = report.gross, card.calibration
    lines = [
        ("Sharpe ratio a year, net", f"{with_error(ratio.annualised, ratio.se)} ({days})"),
        ("PSR, probability that it is above 0", f"{number(verdict.psr, 3)} ({days})"),
        ("DSR, after all trials on this data", f"{number(verdict.dsr, 3)} (trials = {trials.attempts:,}, {days})"),
        ("Track record", track_record(returns.n, verdict.minimum_days)),
        ("Return", f"{percent(returns.total)} ({days})"),
        ("Deepest fall of the account", f"{percent(returns.drawdown.depth)} ({days})"),
        ("Deepest fall in R", f"{number(results.max_drawdown, 1)} R (n = {results.n:,})"),
        ("Sortino, Calmar", f"{number(returns.sortino)}, {number(returns.calmar)} ({days})"),
        ("Profit factor", f"{factor(results)} (n = {results.n:,})"),
        ("Win rate", f"{win_rate(results)} (n = {results.n:,}, n_eff = {number(results.n_effective, 1)})"),
        ("Mean R, net ± SE", f"{with_error(results.mean, results.se, 3)} (n = {results.n:,})"),
        ("Mean R before costs", f"{number(gross.mean, 3)} {between(gross.interval)} (n = {gross.n:,})"),
        ("Costs of a trade, mean", f"{number(gross.mean_cost, 3)} R (n = {gross.n:,})"),
        ("Brier score, skill", f"{number(scores.brier, 4)}, {number(scores.skill, 4)} (n = {calibration.n:,})"),
        (
            "Calibration error",
            f"{number(calibration.ece, 4)} {between(calibration.ece_interval)} (n = {calibration.n:,})",
        ),
        ("Probabilities that were calibrated", f"{percent(report.calibrated_share, 0)} (n = {calibration.n:,})"),
    ]
    if card.overfitting is not None:
        tried = card.overfitting
        lines.append(
            ("PBO, overfitting", f"{number(tried.probability, 3)} ({tried.variants} variants, n = {tried.n:,} splits)")
        )
    costs = card.costs
    lines.append(
        ("Costs of each side", f"{number(costs.fee_pct, 3)} % fee, {number(costs.slippage_pct, 3)} % slippage")
    )
    return lines


def trials_lines(report: Report) -> Lines:
    """The number of attempts, and the ledger that counted them."""
    trials = report.trials
    lines = [
        ("Ledger", trials.ledger + ("" if trials.usual else " (not the usual one)")),
        ("Attempts on this data", f"{trials.attempts:,} different, of {trials.lines} lines on any data"),
        ("Variance of their daily Sharpe ratios", f"{number(trials.variance, 6)} (n = {trials.attempts:,})"),
    ]
    if trials.elsewhere:
        lines.append(("Known from the database only", f"{trials.elsewhere:,} lines about this data"))
    if trials.unshared is not None:
        lines.append(("Not in the database yet", trials.unshared))
    return lines + [("The ledger was changed", fault) for fault in trials.faults]


def counts_lines(report: Report) -> Lines:
    """The counts from bars to trades."""
    counts = report.counts
    skipped = ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.skipped.items())) or "none"
    return [
        ("Bars", f"{counts.bars:,} of all frames; {counts.events:,} events"),
        (
            "Rejected, duplicate, late",
            f"{counts.rejects:,}, {counts.duplicates:,}, {counts.late:,}; {counts.gaps:,} gaps",
        ),
        ("Candidates", f"{counts.candidates:,}: {counts.emitted:,} emitted, {counts.suppressed:,} suppressed"),
        ("Signals not traded", f"{counts.unfilled:,} unfilled; skipped: {skipped}"),
        ("Trades that ended", f"{counts.trades:,}, of them judged {counts.judged:,}"),
        ("Candidates that had not ended", f"{counts.open:,}"),
    ]


def track_record(days: int, wanted: float | None) -> str:
    """The evaluated number of days, and the number needed to distinguish such a ratio from 0."""
    if wanted is None:
        return f"{days:,} days; without a ratio above 0 no length suffices"
    return f"{days:,} days of {number(wanted, 0)} that such a ratio needs"


def factor(figures: Performance) -> str:
    """The profit factor, or why there is none."""
    return "no losses" if figures.no_losses else number(figures.profit_factor)


def win_rate(figures: Performance) -> str:
    """The win rate with Wilson's interval."""
    return f"{percent(figures.win_rate)} {between(figures.win_rate_interval, percents=True)}".strip()


def figure_cells(figures: Performance) -> tuple[str, ...]:
    """A row of `FIGURES`."""
    return (
        f"{figures.n:,}",
        number(figures.n_effective, 1) + (" †" if figures.small else ""),
        win_rate(figures),
        with_error(figures.mean, figures.se, 3),
        factor(figures),
        with_error(figures.total, None if figures.se is None else figures.n * figures.se, 1),
    )


def bin_cells(each: Bin) -> tuple[str, ...]:
    """A row of `BINS`."""
    happened = f"{number(each.realised, 3)} {between(each.interval)}".strip()
    return (number(each.predicted, 3), happened, f"{each.wins:,}", f"{each.n:,}")


def fold_cells(fold: Fold) -> tuple[str, ...]:
    """A row of `FOLDS`."""
    ratio = fold.returns.sharpe
    return (
        f"{fold.begin:%Y-%m-%d}",
        f"{fold.end:%Y-%m-%d}",
        f"{fold.returns.n}",
        percent(fold.returns.total),
        with_error(ratio.annualised, ratio.se),
        percent(fold.returns.drawdown.depth),
        f"{fold.results.n:,}",
        win_rate(fold.results),
        with_error(fold.results.mean, fold.results.se, 3),
        f"{fold.purged}",
    )
