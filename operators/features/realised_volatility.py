"""Realised volatility with time decay, and how it compares with the latest."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature

FAST, SLOW = 1.0 - 2.0 ** (-1.0 / 5.0), 1.0 - 2.0 ** (-1.0 / 30.0)


@feature(
    columns=("realised_volatility", "volatility_ratio"),
    unit="log return per bar, ratio",
    lookback=2,
    state=2,
    warmup=300,
    low=0.0,
)
def realised_volatility(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Root of the averaged squared log return, with a half-life of 30 bars; and that of 5 bars over it.

    A ratio above 1 says that the market is livelier than it was; 1 where nothing moved.

    Examples
    --------
    >>> level, ratio = realised_volatility.over({"close": [100.0, 101.0] * 200})
    >>> float(level[-1]), float(ratio[-1])
    (0.0099503, 1.0)

    References
    ----------
    RiskMetrics Technical Document, J.P. Morgan, 1996.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]
        if seen[row] == 1:
            out[:, row] = np.nan
            continue
        change = np.log(tape[CLOSE, now] / tape[CLOSE, now - 1])
        square = change * change
        if seen[row] == 2:
            mine[:] = square
        else:
            mine[0] += FAST * (square - mine[0])
            mine[1] += SLOW * (square - mine[1])
        out[0, row] = np.sqrt(mine[1])
        out[1, row] = np.sqrt(mine[0] / mine[1]) if mine[1] > 0.0 else 1.0
