"""Z-score of volume relative to the hour of the day."""

import numpy as np

from operators.features import CLOSE_TIME, INCOMPLETE, VOLUME, Floats, Ints, feature
from operators.kernels import kernel
from operators.kernels.logarithm import ln
from operators.kernels.stretches import covered, stretch_end

HOURS, DAYS, HOUR_S = 24, 4, 3600.0
ALPHA, LEAST = 2.0 / 51.0, 208
"""Of the spread, and ln(0.001 / 4) / ln(1 - ALPHA) bars: its first may be four times as far away as usual."""


@kernel
def usual_at(past: Floats, hour: int) -> float:
    """Mean over the last days at that hour of the day; NaN until there are enough of them."""
    total = 0.0
    for day in range(DAYS):
        total += past[hour * DAYS + day]
    return total / DAYS


@kernel
def keep(past: Floats, hour: int, mean: float) -> None:
    """Store the mean of an hour, replacing that of the oldest day."""
    for day in range(hour * DAYS, hour * DAYS + DAYS - 1):
        past[day] = past[day + 1]
    past[hour * DAYS + DAYS - 1] = mean


# In bars of an hour: four days, and then the spread. Shorter bars have no value until the four days are over.
@feature(
    columns=("volume_of_day_zscore",), unit="standard deviations", state=HOURS * DAYS + 5, warmup=24 * DAYS + LEAST + 2
)
def volume_of_day(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Z-score of ln V relative to its seasonal level at the hour of the day (UTC).

    Intraday seasonality makes a window of the last bars mistake active hours for unusual volume. The seasonal level
    is the equally weighted mean of ln V in the same hour of the last 4 days with trades in it. The standard deviation
    is that of the preceding bars from their seasonal levels, exponentially averaged over about 50 bars. Bars with
    missing trades are excluded from the level; bars without trades have no value; 0 where the deviation is 0.

    Examples
    --------
    >>> volume = [1.0 + (hour % 24) * (2.0 if hour // 24 % 2 else 1.0) for hour in range(480)]
    >>> bars = {"close": [1.0] * 480, "volume": volume, "close_time_s": [3600.0 * hour for hour in range(1, 481)]}
    >>> float(volume_of_day.over(bars)[0, -1])
    1.0
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        volume, incomplete = covered(tape[VOLUME], at, row, stop, 1), covered(tape[INCOMPLETE], at, row, stop, 1)
        closed, count, result = covered(tape[CLOSE_TIME], at, row, stop, 1), seen[row:stop], out[0, row:stop]
        for each in range(stop - row):
            result[each] = ln(volume[each])
        # For each hour its mean on the last days; the hour now, bars and mean in it; the spread, bars in it.
        past, rest = state[lane[row], : HOURS * DAYS], state[lane[row], HOURS * DAYS :]
        now, bars, mean, spread, apart = rest[0], rest[1], rest[2], rest[3], rest[4]
        usual = usual_at(past, int(now) % HOURS)
        for each in range(stop - row):
            hour, size = np.floor((closed[each] - 1.0) * (1.0 / HOUR_S)), result[each]
            result[each] = np.nan
            if count[each] == 1:
                past[:] = np.nan
                bars, spread, apart = 0.0, 0.0, 0.0
            if hour != now or count[each] == 1:
                if bars > 0.0:
                    keep(past, int(now) % HOURS, mean)
                now, bars, mean = hour, 0.0, 0.0
                usual = usual_at(past, int(now) % HOURS)
            if not volume[each] > 0.0:
                continue
            whole = incomplete[each] == 0.0
            if whole:
                bars += 1.0
                mean += (size - mean) / bars
            if np.isnan(usual):
                continue
            away = size - usual
            if apart >= LEAST:
                # A spread of the order of the rounding error counts as 0.
                result[each] = away / np.sqrt(spread) if spread > 1e-24 else 0.0
            if whole:
                spread = away * away if apart == 0.0 else (1.0 - ALPHA) * spread + ALPHA * away * away
                apart += 1.0
        rest[0], rest[1], rest[2], rest[3], rest[4] = now, bars, mean, spread, apart
        row = stop
