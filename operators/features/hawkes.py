"""Hawkes intensity of trades relative to its baseline."""

import numpy as np

from operators.features import TRADES, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end

FAST, SLOW = 1.0 - 2.0 ** (-1.0 / 3.0), 1.0 - 2.0 ** (-1.0 / 30.0)
BRANCHING = 0.7


# ln(0.001 / 24) / ln(1 - SLOW): the initial bar may be 24 times as active as usual.
@feature(columns=("intensity_ratio",), unit="ratio", state=2, warmup=437, low=1.0 - BRANCHING)
def hawkes(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Expected number of trades in the next bar relative to its baseline, with a branching ratio of 0.7.

    A Hawkes process with exponential memory, on trade counts per bar: intensity = 0.3 M + 0.7 F, where F is the mean
    count with a half-life of 3 bars (the excitation) and M that with 30 (the baseline). The ratio to M is
    0.3 + 0.7 F / M. Half-lives and branching ratio are fixed, not fitted per instrument; the ratio compares an
    instrument with itself. Bars with an unknown count are skipped and have no value; nor has a market without trades.

    Examples
    --------
    >>> float(hawkes.over({"close": [1.0] * 437, "trades": [100.0] * 436 + [300.0]})[0, -1])
    1.2456

    References
    ----------
    Hawkes, Biometrika 58, 1971.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        trades, count = covered(tape[TRADES], at, row, stop, 1), seen[row:stop]
        result, mine = out[0, row:stop], state[lane[row]]
        fast, slow = mine[0], mine[1]
        for each in range(stop - row):
            now = trades[each]
            if count[each] == 1:
                fast = slow = np.nan
            if np.isnan(now):
                result[each] = np.nan
                continue
            fast = now if np.isnan(fast) else (1.0 - FAST) * fast + FAST * now
            slow = now if np.isnan(slow) else (1.0 - SLOW) * slow + SLOW * now
            result[each] = 1.0 - BRANCHING + BRANCHING * fast / slow if slow > 0.0 else np.nan
        mine[0], mine[1] = fast, slow
        row = stop
