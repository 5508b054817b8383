"""Swings: bars that stand out from those around them."""

from operators.kernels import kernel


@kernel
def is_peak(values, at, reach):
    """Whether `values[at]` is above the `reach` values before it and not below the `reach` after it.

    Known only `reach` bars later. Of equal neighbours the first counts, so a plateau has one peak and
    a flat market none.
    """
    for step in range(1, reach + 1):
        if not values[at] > values[at - step] or values[at + step] > values[at]:
            return False
    return True


@kernel
def is_trough(values, at, reach):
    """Whether `values[at]` is below the `reach` values before it and not above the `reach` after it."""
    for step in range(1, reach + 1):
        if not values[at] < values[at - step] or values[at + step] < values[at]:
            return False
    return True
