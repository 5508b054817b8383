"""Sample: the known values of a series, ready to be counted."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def known(values: ArrayLike) -> Floats:
    """The values that are known, in their order; NaN stands for "not known" and is left out.

    A signal that was never entered has a return of NaN: it neither won nor lost, and is not counted.

    Raises
    ------
    ValueError
        If a value is infinite. No return is; something was divided by zero on the way here.

    Examples
    --------
    >>> known([0.5, float("nan"), -1.0])
    array([ 0.5, -1. ])
    """
    given = np.asarray(values, np.float64).ravel()
    unknown = np.isnan(given)
    kept = given[~unknown] if unknown.any() else given
    if not np.isfinite(kept).all():
        at = int(np.flatnonzero(np.isinf(given))[0])
        raise ValueError(f"value {at} of the sample is {given[at]}; a sample holds finite numbers, or NaN for unknown")
    return kept
