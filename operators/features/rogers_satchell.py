"""Rogers-Satchell volatility with time decay."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, OPEN, Floats, Ints, feature

ALPHA = 2.0 / 31.0


@feature(unit="log return per bar", state=1, warmup=104, low=0.0)
def rogers_satchell(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Volatility per bar that a steady drift does not disturb, exponentially averaged over about 30 bars.

    The variance of a bar is ln(H/C) ln(H/O) + ln(L/C) ln(L/O); the root of its average is given. A bar
    that goes straight from its low to its high counts as drift, and so as 0.

    Examples
    --------
    >>> bars = {"open": [100.0] * 3, "high": [101.0] * 3, "low": [99.0] * 3, "close": [100.0] * 3}
    >>> float(rogers_satchell.over(bars, warm=False)[0, -1])
    0.0141427

    References
    ----------
    Rogers and Satchell, Annals of Applied Probability 1, 1991.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]
        begin, end = np.log(tape[OPEN, now]), np.log(tape[CLOSE, now])
        top, bottom = np.log(tape[HIGH, now]), np.log(tape[LOW, now])
        variance = (top - end) * (top - begin) + (bottom - end) * (bottom - begin)
        mine[0] = variance if seen[row] == 1 else mine[0] + ALPHA * (variance - mine[0])
        out[0, row] = np.sqrt(mine[0])
