"""Z-score of the close."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature

ALPHA = 2.0 / 51.0


# 0.1 % of the weight is left after 173 bars; but the first price, of which the mean is made then, may be many
# deviations away, so its weight has to fall to 0.0003 %.
@feature(unit="standard deviations", state=2, warmup=318, low=-5.0, high=5.0)
def price_zscore(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Z-score of the close, with mean and deviation exponentially averaged over about 50 bars.

    With d = C_t - m_{t-1}: m_t = m_{t-1} + a d and v_t = (1 - a)(v_{t-1} + a d²), including the current bar, so
    that |z| is bounded by sqrt((1 - a) / a) = 4.95. 0 without movement.

    Examples
    --------
    >>> float(price_zscore.over({"close": [10.0] * 330 + [12.0]})[0, -1])
    4.95

    References
    ----------
    Finch, Incremental Calculation of Weighted Mean and Variance, 2009.
    """
    row = 0
    while row < at.size:
        mine = lane[row]
        mean, variance = state[mine]
        while row < at.size and lane[row] == mine:
            close = tape[CLOSE, at[row]]
            if seen[row] == 1:
                mean, variance = close, 0.0
            away = close - mean
            mean += ALPHA * away
            variance = (1.0 - ALPHA) * (variance + ALPHA * away * away)
            # A spread of the order of the rounding error counts as 0.
            out[0, row] = (close - mean) / np.sqrt(variance) if variance > (1e-13 * close) ** 2 else 0.0
            row += 1
        state[mine] = mean, variance
