"""Decay: the weight that earlier outcomes retain when a new one arrives."""

from operators.kernels import kernel


@kernel
def retained(elapsed, weight, memory):
    """Factor in (0, 1] applied to earlier sums when an outcome of `weight` is added.

    The sums halve over a time or over a number of outcomes, whichever is longer: an active market is discounted
    by time, and a quiet one retains enough outcomes for an estimate. Nothing decays between outcomes.

    Parameters
    ----------
    elapsed
        Nanoseconds since the previous outcome.
    memory
        (half-life in nanoseconds, half-life in outcomes).
    """
    half_life, outcomes = memory
    return 2.0 ** -min(elapsed / half_life, weight / outcomes)
