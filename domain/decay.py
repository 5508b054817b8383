"""Decay: what age leaves of evidence, and of the numbers that stand on it.

Stored scores are those at the decision; whoever shows them later lets them age here, so that all who
show them agree. What fades is evidence, on the scale of log-odds, towards the base rate. A probability
times a share would turn an old signal into a strong claim of the opposite.
"""

import math

RATE_PER_H = 0.1
"""What a displayed score loses in an hour, as a continuous rate."""
HALF_LIFE_S = math.log(2.0) / RATE_PER_H * 3_600.0
"""The same as a half-life in seconds, about 6.9 hours."""


def share_left(age_s: float, half_life_s: float = HALF_LIFE_S) -> float:
    """The share of the evidence that is left, in (0, 1]: the `time_decay_factor` of a signal.

    Parameters
    ----------
    age_s
        Seconds since the decision; one that lies ahead has lost nothing.
    half_life_s
        Seconds in which half of it goes; above 0.

    Examples
    --------
    >>> share_left(0.0), share_left(7_200.0, half_life_s=3_600.0)
    (1.0, 0.25)
    >>> share_left(3_600.0)  # an hour at a rate of 0.1
    0.9048374
    """
    return math.exp2(-max(0.0, age_s) / half_life_s)


def aged_probability(probability: float, base_rate: float, share: float) -> float:
    """The probability when `share` of its log-odds over the base rate is left.

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
    """A rank score of [0, 100] when `share` of it is left. A rank has no base rate: it goes to 0.

    Examples
    --------
    >>> aged_score(80.0, 0.25)
    20.0
    """
    return score * share
