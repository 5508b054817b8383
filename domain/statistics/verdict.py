"""Verdict: the statistical conclusion from a track record."""

from typing import Final, Literal

import msgspec

from domain.statistics.sharpe import Sharpe
from domain.statistics.significance import psr, track_record
from domain.statistics.trials import Trials, deflated_sharpe

Word = Literal["SIGNIFICANT", "NOT SIGNIFICANT", "INSUFFICIENT"]

LEAST_DAYS: Final = 30
LEAST_RESULTS: Final = 30
LEVEL: Final = 0.95


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The word, its reasons, and what it rests on; None where undefined.

    Attributes
    ----------
    verdict
        INSUFFICIENT: the record is too short to tell. NOT SIGNIFICANT: it could be luck, or it lost.
        SIGNIFICANT: luck over all trials explains it in fewer than 1 of 20 cases.
    reasons
        Plain phrases, at least one.
    days, minimum_days
        Length of the record in daily returns, and what its Sharpe ratio would need.
    n, n_effective
        Results, and how many independent ones they amount to.
    psr, dsr
        Probability that the Sharpe ratio is above 0, and above what the best of all trials would show
        by luck.
    trials
        Attempts logged on this data.
    """

    verdict: Word
    reasons: tuple[str, ...]
    days: int
    minimum_days: float | None
    n: int
    n_effective: float
    psr: float | None
    dsr: float | None
    trials: int


def judge(ratio: Sharpe, *, n: int, n_effective: float, tried: Trials) -> Verdict:
    """The verdict on a track record.

    Parameters
    ----------
    ratio
        Of net daily returns, the days without trades included.
    n, n_effective
        Results behind them (`domain.statistics.uniqueness`).
    tried
        All attempts on the same data, from the ledger of trials.

    Examples
    --------
    >>> from domain.statistics.sharpe import sharpe
    >>> judge(sharpe([0.01, -0.02, 0.015]), n=4, n_effective=3.0, tried=Trials(1, None)).verdict
    'INSUFFICIENT'

    Notes
    -----
    A ratio of zero or less has no minimum length: however long, it is not significant.
    """
    certain, deflated = psr(ratio), deflated_sharpe(ratio, tried)
    minimum = track_record(ratio, confidence=LEVEL)
    lacking = _lacking(ratio, n_effective, minimum, deflated, tried)
    if lacking:
        word: Word = "INSUFFICIENT"
        reasons = lacking
    else:
        word, reasons = _weigh(ratio, deflated, tried)
    return Verdict(
        verdict=word,
        reasons=reasons,
        days=ratio.n,
        minimum_days=minimum,
        n=int(n),
        n_effective=float(n_effective),
        psr=certain,
        dsr=deflated,
        trials=tried.n,
    )


def _lacking(
    ratio: Sharpe, n_effective: float, minimum: float | None, deflated: float | None, tried: Trials
) -> tuple[str, ...]:
    """Why the record is insufficient; empty if it is sufficient."""
    reasons = []
    if ratio.n < LEAST_DAYS:
        reasons.append(f"{ratio.n} days are fewer than {LEAST_DAYS}")
    if n_effective < LEAST_RESULTS:
        reasons.append(f"{n_effective:.1f} independent results are fewer than {LEAST_RESULTS}")
    if ratio.per_period is None:
        reasons.append("daily returns do not vary, so there is no Sharpe ratio")
    elif minimum is not None and ratio.n < minimum:
        reasons.append(f"{ratio.n} days are fewer than the {minimum:.0f} that a Sharpe ratio like this needs")
    elif deflated is None and ratio.per_period > 0:  # a loss needs no count of trials
        reasons.append(f"the Sharpe ratios of the {tried.n} trials are not known, so luck cannot be ruled out")
    return tuple(reasons)


def _weigh(ratio: Sharpe, deflated: float | None, tried: Trials) -> tuple[Word, tuple[str, ...]]:
    attempts = "1 trial" if tried.n <= 1 else f"{tried.n} trials"
    if ratio.per_period is None or ratio.per_period <= 0:
        return "NOT SIGNIFICANT", (f"the Sharpe ratio is not above zero over {ratio.n} days",)
    if deflated is None or deflated < LEVEL:
        return "NOT SIGNIFICANT", (f"probability of skill after {attempts} is {deflated or 0.0:.3f}, under {LEVEL}",)
    return "SIGNIFICANT", (f"probability of skill after {attempts} is {deflated:.3f}",)
