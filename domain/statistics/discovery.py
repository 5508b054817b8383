"""Discovery: control of the false discovery rate over many findings."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def discoveries(p_values: ArrayLike, *, false_share: float = 0.1) -> NDArray[np.bool_]:
    """Findings of which at most a share `false_share` is expected to be false.

    Parameters
    ----------
    p_values
        Of each finding, in [0, 1]; NaN (not testable) is never a discovery, but counts as tried.

    Examples
    --------
    >>> discoveries([0.01, 0.04, 0.30, 0.02])
    array([ True,  True, False,  True])

    References
    ----------
    Benjamini and Hochberg 1995.
    """
    given = np.asarray(p_values, np.float64)
    tested = np.where(np.isnan(given), 1.0, given)
    order = np.sort(tested)
    passed = np.flatnonzero(order <= false_share * np.arange(1, len(order) + 1) / len(order))
    if not len(passed):
        return np.zeros(len(given), np.bool_)
    return np.asarray((tested <= order[passed[-1]]) & ~np.isnan(given))
