"""Kaufman's adaptive moving average of the close."""

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import walked

PERIOD = 10
FASTEST, SLOWEST = 2.0 / 3.0, 2.0 / 31.0


# Its memory has no fixed length. In a month of 5m bars of ADA it took at most 147 bars until the weight of the
# initial value was below 0.1 %.
@feature(columns=("kama_10",), unit="price", lookback=PERIOD + 1, state=1, warmup=PERIOD + 150, low=0.0)
def kama(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Kaufman's adaptive moving average of the close: fast in trends, slow in noise.

    K_t = K_{t-1} + a^2 (C_t - K_{t-1}), where a is between 2/31 and 2/3 in proportion to the efficiency ratio of the
    last 10 bars, which is taken as 1 without movement. It is seeded with the close before its first bar.

    Examples
    --------
    >>> float(kama.over({"close": range(1, 12)}, warm=False)[0, -1])
    10.4444444

    References
    ----------
    Kaufman, Smarter Trading, 1995. Equal to TA-Lib KAMA.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, result = covered(tape[CLOSE], at, row, stop, PERIOD + 1), out[0, row:stop]
        for each in range(stop - row):
            way = walked(close, each, PERIOD)
            straight = abs(close[each + PERIOD] - close[each]) / way
            straight = straight if way > 0.0 else 1.0
            result[each] = (SLOWEST + straight * (FASTEST - SLOWEST)) ** 2
        row = stop
    row = 0
    while row < at.size:
        mine = lane[row]
        average = state[mine, 0]
        while row < at.size and lane[row] == mine:
            alpha, now = out[0, row], at[row]
            before = tape[CLOSE, now - 1] if seen[row] <= PERIOD + 1 else average
            average = (1.0 - alpha) * before + alpha * tape[CLOSE, now]
            out[0, row] = average
            row += 1
        state[mine, 0] = average
