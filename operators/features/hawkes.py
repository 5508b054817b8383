"""Whether trades call forth trades: Hawkes intensity over its baseline."""

import numpy as np

from operators.features import TRADES, Floats, Ints, feature

FAST, SLOW = 1.0 - 2.0 ** (-1.0 / 3.0), 1.0 - 2.0 ** (-1.0 / 30.0)
BRANCHING = 0.7


@feature(columns=("intensity_ratio",), unit="ratio", state=2, warmup=299, low=1.0 - BRANCHING)
def hawkes(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Trades to be expected in the next bar over what is usual, if 7 of 10 trades were called forth by others.

    A Hawkes process with exponential memory, on trade counts per bar: intensity = 0.3 M + 0.7 F, where
    F is the mean count with a half-life of 3 bars (the excitation) and M that of 30 (the baseline). The
    ratio to M is 0.3 + 0.7 F / M. Half-lives and the 0.7 are set, not fitted to the instrument: it
    compares an instrument with itself. Bars whose count is unknown change nothing and have no value;
    nor has a market that has not traded.

    Examples
    --------
    >>> float(hawkes.over({"close": [1.0] * 301, "trades": [100.0] * 300 + [300.0]})[0, -1])
    1.2456

    References
    ----------
    Hawkes, Biometrika 58, 1971.
    """
    for row in range(at.size):
        count = tape[TRADES, at[row]]
        mine = state[lane[row]]
        if seen[row] == 1:
            mine[:] = np.nan
        out[0, row] = np.nan
        if np.isnan(count):
            continue
        if np.isnan(mine[0]):
            mine[:] = count
        mine[0] += FAST * (count - mine[0])
        mine[1] += SLOW * (count - mine[1])
        if mine[1] > 0.0:
            out[0, row] = 1.0 - BRANCHING + BRANCHING * mine[0] / mine[1]
