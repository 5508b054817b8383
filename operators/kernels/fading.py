"""Fading: what is left of experience when the next outcome comes."""

from operators.kernels import kernel


@kernel
def kept(elapsed, weight, memory):
    """The share of earlier experience that stays when an outcome of `weight` is added, in (0, 1].

    Halves over a stretch of time or over a number of outcomes, whichever takes longer: a busy market
    forgets by the clock, a quiet one keeps enough to judge by. Between outcomes nothing fades.

    Parameters
    ----------
    elapsed
        Nanoseconds since the outcome before.
    memory
        (half-life in nanoseconds, half-life in outcomes).
    """
    half_life, outcomes = memory
    return 2.0 ** -min(elapsed / half_life, weight / outcomes)
