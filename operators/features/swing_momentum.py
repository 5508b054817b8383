"""Divergence between price and RSI at swing points."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature
from operators.kernels import kernel
from operators.kernels.relative_strength import relative_strength
from operators.kernels.swings import swing_highs, swing_lows

PERIOD, REACH, AGE = 14, 3, 60


@feature(
    columns=("divergence", "pushes"),
    unit="RSI points, count",
    lookback=2 * REACH + 1,
    state=2 + REACH + 2 * 4,
    warmup=94 + AGE,
)
def swing_momentum(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Divergence of the RSI at a new swing, and the number of consecutive divergent swings.

    When a swing high (3 bars on each side, confirmed 3 bars later) is above the previous one while the RSI at its bar
    is lower, the output is minus the difference of the two RSIs: bearish divergence. For a swing low below the
    previous one with a higher RSI it is plus the difference: bullish divergence. 0 at every other bar. Swings more
    than 60 bars apart are not compared. `pushes` counts such swings in a row, with the same sign: -2 at the third of
    three rising highs with falling RSI.

    Examples
    --------
    >>> turns = {0: 100, 150: 101, 160: 120, 166: 112, 186: 122, 192: 110, 206: 123, 212: 110}
    >>> divergence, pushes = swing_momentum.over({"close": np.interp(range(213), list(turns), list(turns.values()))})
    >>> divergence[[189, 209]].round(2).tolist(), pushes[[189, 209]].tolist()
    ([-16.98, -10.95], [-1.0, -2.0])

    References
    ----------
    Wilder, New Concepts in Technical Trading Systems, 1978, on divergence; Williams, Trading Chaos,
    1995, for fractals.
    """
    strength = np.empty(at.size)
    relative_strength(tape[CLOSE], at, seen, lane, state[:, :2], PERIOD, strength)
    divergences, pushes = out[0], out[1]
    swing_highs(tape[HIGH], at, REACH, divergences)
    swing_lows(tape[LOW], at, REACH, pushes)
    for row in range(at.size):
        mine, slot = state[lane[row]], 2 + seen[row] % REACH
        momentum, swings = mine[slot], mine[2 + REACH :]
        mine[slot] = strength[row]
        if seen[row] == 1:
            swings[:] = 0.0
        if seen[row] <= PERIOD + REACH:
            divergences[row] = pushes[row] = np.nan
            continue
        high, low = divergences[row], pushes[row]
        divergences[row] = pushes[row] = 0.0
        if not np.isnan(high):
            divergences[row], pushes[row] = _divergence(swings[:4], -1.0, high, momentum, seen[row])
        if not np.isnan(low):
            divergence, push = _divergence(swings[4:], 1.0, low, momentum, seen[row])
            divergences[row] += divergence
            pushes[row] += push


@kernel
def _divergence(last: Floats, sign: float, price: float, momentum: float, bar: int) -> tuple[float, float]:
    """The divergence of a new swing from the last one, and the pushes with it.

    `last` is that swing's price, RSI and bar, and the pushes up to it; the new one takes its place.
    """
    divergence = sign * (momentum - last[1])
    further = sign * (last[0] - price) > 0.0
    diverges = further and divergence > 0.0 and last[2] > 0.0 and bar - last[2] <= AGE
    pushes = last[3] + 1.0 if diverges else 0.0
    last[0], last[1], last[2], last[3] = price, momentum, bar, pushes
    return (sign * divergence, sign * pushes) if diverges else (0.0, 0.0)
