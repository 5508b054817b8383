"""Market regime: state of volatility relative to its own history, and state of the trend."""

import numpy as np

from operators.features import CLOSE, LOG_RETURN, Floats, Ints, feature
from operators.kernels import kernel
from operators.kernels.sketch import SIZE, place_of, rank_then_add
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import walked

ALPHA = 2.0 / 31.0
KEEP = 2.0 ** (-1.0 / 100.0)
QUIET, LIVELY, SLACK = 0.33, 0.8, 0.05
"""Cuts of the volatility's rank; a state is entered beyond its cut by the slack, and left as far on the other side."""
ENTER_T, LEAVE_T, ENTER_EFFICIENCY = 1.5, 0.5, 0.3
PERIOD = 20
DWELL = 10
MEAN, VARIANCE, VOLATILITY, TREND, VOLATILITY_AGE, TREND_AGE, SKETCH = range(7)
"""What is remembered: of returns; states and how many bars they last; where the sketch begins."""


@kernel
def follow(changes: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, means: Floats, variances: Floats) -> None:
    """Update mean and variance of returns at each bar; 0 after the first bar of an instrument."""
    row = 0
    while row < at.size:
        mine = lane[row]
        mean, variance = state[mine, MEAN], state[mine, VARIANCE]
        while row < at.size and lane[row] == mine:
            away, first = changes[at[row]] - mean, seen[row] == 1
            mean = 0.0 if first else mean + ALPHA * away
            variance = 0.0 if first else (1.0 - ALPHA) * variance + (1.0 - ALPHA) * ALPHA * away * away
            means[row], variances[row] = mean, variance
            row += 1
        state[mine, MEAN], state[mine, VARIANCE] = mean, variance


@kernel
def go_straight(closes: Floats, at: Ints, efficiency: Floats) -> None:
    """Signed efficiency ratio: net change over the path length of the period."""
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, straight = covered(closes, at, row, stop, PERIOD + 1), efficiency[row:stop]
        for each in range(stop - row):
            way = walked(close, each, PERIOD)
            share = (close[each + PERIOD] - close[each]) / way
            straight[each] = share if way > 0.0 else 0.0
        row = stop


@kernel
def next_volatility(volatility: float, rank: float) -> float:
    """Next volatility state for a rank, with hysteresis."""
    if rank < QUIET - SLACK:
        return 0.0
    if rank > LIVELY + SLACK:
        return 2.0
    return 1.0 if QUIET + SLACK < rank < LIVELY - SLACK else volatility


@kernel
def next_trend(trend: float, lean: float, efficiency: float) -> float:
    """Next trend state for the t-statistic of the mean return and the signed efficiency ratio, with hysteresis."""
    if abs(lean) >= ENTER_T and efficiency * np.sign(lean) >= ENTER_EFFICIENCY:
        return 1.0 if lean > 0.0 else -1.0
    return trend if trend * lean >= LEAVE_T else 0.0


@feature(
    columns=("volatility_state", "trend_state", "volatility_rank"),
    unit="code, code, fraction",
    lookback=PERIOD + 1,
    state=SKETCH + SIZE,
    warmup=104 + 997,
    low=-1.0,
    high=2.0,
)
def regime(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Volatility state (0 low, 1 normal, 2 high), trend state (-1 down, 0 flat, 1 up), and volatility rank.

    Volatility is the standard deviation of log returns, exponentially averaged over about 30 bars. Its rank is the
    fraction of its own history that was lower, decayed with a half-life of 100 bars. The low state starts below
    0.28 and ends above 0.38; the high state starts above 0.85 and ends below 0.75.

    The trend is up when the mean log return, with the same averaging, is 1.5 standard errors above 0 and the
    efficiency ratio of the last 20 closes is at least 0.3 upwards; it ends when the mean falls below 0.5 standard
    errors. Down is the mirror image. A state lasts at least 10 bars.

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
    efficiency, lean, place = out[0], out[1], out[2]
    go_straight(tape[CLOSE], at, efficiency)
    follow(tape[LOG_RETURN], at, seen, lane, state, lean, place)
    for row in range(at.size):
        mean, variance = lean[row], place[row]
        leaning = mean / np.sqrt(variance * (ALPHA / (2.0 - ALPHA)))
        lean[row] = leaning if variance > 0.0 else 0.0
        place[row] = place_of(np.sqrt(variance))
    for row in range(at.size):
        mine = state[lane[row]]
        if seen[row] == 1:
            mine[VOLATILITY:] = 0.0
            mine[VOLATILITY] = 1.0
            continue
        rank = rank_then_add(mine[SKETCH:], place[row], KEEP)
        mine[VOLATILITY_AGE] += 1.0
        wanted = next_volatility(mine[VOLATILITY], rank)
        if wanted != mine[VOLATILITY] and mine[VOLATILITY_AGE] >= DWELL:
            mine[VOLATILITY], mine[VOLATILITY_AGE] = wanted, 0.0
        mine[TREND_AGE] += 1.0
        wanted = next_trend(mine[TREND], lean[row], efficiency[row] if seen[row] > PERIOD else 0.0)
        if wanted != mine[TREND] and mine[TREND_AGE] >= DWELL:
            mine[TREND], mine[TREND_AGE] = wanted, 0.0
        out[0, row], out[1, row], out[2, row] = mine[VOLATILITY], mine[TREND], rank
