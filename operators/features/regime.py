"""Regime: how lively the market is for its own standards, and whether it has a direction."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.sketch import BINS, rank_then_add

ALPHA = 2.0 / 31.0
KEEP = 2.0 ** (-1.0 / 100.0)
QUIET, LIVELY, SLACK = 0.33, 0.8, 0.05
"""Cuts of the volatility's rank; a state is entered beyond its cut by the slack, and left as far on the other side."""
ENTER_T, LEAVE_T, ENTER_EFFICIENCY = 1.5, 0.5, 0.3
PERIOD = 20
DWELL = 10


@feature(
    columns=("volatility_state", "trend_state", "volatility_rank"),
    unit="code, code, fraction",
    lookback=PERIOD + 1,
    state=7 + BINS,
    warmup=104 + 997,
    low=-1.0,
    high=2.0,
)
def regime(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """State of volatility: 0 low, 1 normal, 2 high; of the trend: -1 down, 0 flat, 1 up; and the volatility's rank.

    Volatility is the deviation of log returns, exponentially averaged over about 30 bars. Its rank is
    the share of its own past that was lower, where the past fades with a half-life of 100 bars. Low
    begins under 0.28 and ends over 0.38; high begins over 0.85 and ends under 0.75.

    The trend is up when the mean log return, averaged alike, is 1.5 standard errors above 0 and the
    last 20 closes went at least 0.3 of their way upwards; that ends when the mean falls under 0.5
    standard errors. Down is the mirror image. A state lasts 10 bars at least.

    Examples
    --------
    >>> calm_then_rising = [100 + n % 2 / 7 for n in range(1200)] + [100 + n for n in range(40)]
    >>> volatility, trend, rank = regime.over({"close": calm_then_rising})
    >>> volatility[[1150, -1]].tolist(), trend[[1150, -1]].tolist(), rank[[1150, -1]].round(2).tolist()
    ([1.0, 2.0], [0.0, 1.0], [0.48, 0.78])

    References
    ----------
    Masson, Rim and Lee, DDSketch, VLDB 2019, for the rank; Kaufman, Smarter Trading, 1995, for the
    efficiency of the way.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]  # mean and variance of returns; states and how long they last; the sketch
        if seen[row] == 1:
            mine[:] = 0.0
            mine[2] = 1.0
            out[:, row] = np.nan
            continue
        change = np.log(tape[CLOSE, now] / tape[CLOSE, now - 1])
        away = change - mine[0]
        mine[0] += ALPHA * away
        mine[1] = (1.0 - ALPHA) * (mine[1] + ALPHA * away * away)
        rank = rank_then_add(mine[6:], np.sqrt(mine[1]), KEEP)
        lean = mine[0] / np.sqrt(mine[1] * ALPHA / (2.0 - ALPHA)) if mine[1] > 0.0 else 0.0
        walked = 0.0
        if seen[row] > PERIOD:
            for then in range(now - PERIOD + 1, now + 1):
                walked += abs(tape[CLOSE, then] - tape[CLOSE, then - 1])
        efficiency = (tape[CLOSE, now] - tape[CLOSE, now - PERIOD]) / walked if walked > 0.0 else 0.0

        mine[4] += 1.0
        if mine[4] >= DWELL:
            volatility = mine[2]
            if rank < QUIET - SLACK:
                volatility = 0.0
            elif rank > LIVELY + SLACK:
                volatility = 2.0
            elif QUIET + SLACK < rank < LIVELY - SLACK:
                volatility = 1.0
            if volatility != mine[2]:
                mine[2], mine[4] = volatility, 0.0
        mine[5] += 1.0
        if mine[5] >= DWELL:
            trend = mine[3] if mine[3] * lean >= LEAVE_T else 0.0
            if abs(lean) >= ENTER_T and efficiency * np.sign(lean) >= ENTER_EFFICIENCY:
                trend = np.sign(lean)
            if trend != mine[3]:
                mine[3], mine[5] = trend, 0.0
        out[0, row], out[1, row], out[2, row] = mine[2], mine[3], rank
