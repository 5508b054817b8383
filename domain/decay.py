"""Decay: time decay of evidence, and of the scores derived from it.

Stored scores are those at the decision; decay is applied here whenever they are displayed, so that all displays
agree. Evidence decays on the log-odds scale, towards the base rate. Multiplying a probability by a factor would turn
an old signal into strong evidence for the opposite.
"""

import math

RATE_PER_H = 0.1
"""Decay rate of a displayed score per hour, continuous."""
HALF_LIFE_S = math.log(2.0) / RATE_PER_H * 3_600.0
"""The equivalent half-life in seconds, about 6.9 hours."""


def share_left(age_s: float, half_life_s: float = HALF_LIFE_S) -> float:
    """Fraction of the evidence that is left, in (0, 1]: the `time_decay_factor` of a signal.

    Parameters
    ----------
    age_s
        Seconds since the decision; negative ages count as 0.
    half_life_s
        Half-life in seconds; above 0.

    Examples
    --------
    >>> share_left(0.0), share_left(7_200.0, half_life_s=3_600.0)
    (1.0, 0.25)
    >>> share_left(3_600.0)  # an hour at a rate of 0.1
    0.9048374
    """
    return math.exp2(-max(0.0, age_s) / half_life_s)


def aged_probability(probability: float, base_rate: float, share: float) -> float:
    """Probability after decay: `share` of its log-odds over the base rate is left.

    Parameters
    ----------
    probability, base_rate
        In (0, 1).
    share
        In [0, 1]; see `share_left`.

    Examples
    --------
    >>> aged_probability(0.8, 0.5, 0.5)
    0.6666667
    >>> aged_probability(0.8, 0.4, 0.0)
    0.4
    """
    base = math.log(base_rate / (1.0 - base_rate))
    log_odds = base + (math.log(probability / (1.0 - probability)) - base) * share
    return 1.0 / (1.0 + math.exp(-log_odds))


def aged_score(score: float, share: float) -> float:
    """Rank score in [0, 100] after decay. A rank has no base rate: it decays to 0.

    Examples
    --------
    >>> aged_score(80.0, 0.25)
    20.0
    """
    return score * share
