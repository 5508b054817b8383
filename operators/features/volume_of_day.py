"""How unusual a bar's volume is for its hour of the day."""

import numpy as np

from operators.features import CLOSE_TIME, INCOMPLETE, VOLUME, Floats, Ints, feature

HOURS, DAYS, HOUR_S = 24, 4, 3600.0
ALPHA, LEAST = 2.0 / 51.0, 173.0
"""Of the spread, and bars until what came before its first weighs less than 0.1 %."""


# In bars of an hour: four days, and then the spread. Shorter bars have no value until the four days are over.
@feature(columns=("volume_of_day_zscore",), unit="standard deviations", state=HOURS * DAYS + 5, warmup=24 * DAYS + 175)
def volume_of_day(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Standard deviations by which ln V exceeds what is usual at its hour of the day (UTC).

    Markets have busy and quiet hours, which a window of the last bars takes for news. Usual is the mean
    of ln V in the same hour of the last 4 days on which anything traded in it, a day like the other. The
    deviation is that of the bars before from what was usual for them, exponentially averaged over
    about 50. Bars in which trades are missing are no part of what is usual; bars without trades have
    no value; 0 where the volume keeps to its hours.

    Examples
    --------
    >>> volume = [1.0 + (hour % 24) * (2.0 if hour // 24 % 2 else 1.0) for hour in range(480)]
    >>> bars = {"close": [1.0] * 480, "volume": volume, "close_time_s": [3600.0 * hour for hour in range(1, 481)]}
    >>> float(volume_of_day.over(bars)[0, -1])
    1.0
    """
    for row in range(at.size):
        volume = tape[VOLUME, at[row]]
        mine = state[lane[row]]  # for each hour its mean on the last days; the hour now, bars and mean; the spread
        hours, running = mine[: HOURS * DAYS], mine[HOURS * DAYS :]
        if seen[row] == 1:
            hours[:] = np.nan
            running[:] = 0.0
        hour = np.floor((tape[CLOSE_TIME, at[row]] - 1.0) / HOUR_S)
        if hour != running[0]:
            if running[1] > 0.0:
                days = hours[int(running[0]) % HOURS * DAYS :]
                for day in range(DAYS - 1):
                    days[day] = days[day + 1]
                days[DAYS - 1] = running[2]
            running[0], running[1], running[2] = hour, 0.0, 0.0
        out[0, row] = np.nan
        if not volume > 0.0:
            continue
        size = np.log(volume)
        whole = tape[INCOMPLETE, at[row]] == 0.0
        if whole:
            running[1] += 1.0
            running[2] += (size - running[2]) / running[1]
        usual = 0.0
        for day in range(DAYS):
            usual += hours[int(hour) % HOURS * DAYS + day] / DAYS
        if np.isnan(usual):
            continue
        away = size - usual
        if running[4] >= LEAST:
            # A spread of a few rounding errors is no spread.
            out[0, row] = away / np.sqrt(running[3]) if running[3] > 1e-24 else 0.0
        if not whole:
            continue
        running[4] += 1.0
        running[3] = away * away if running[4] == 1.0 else running[3] + ALPHA * (away * away - running[3])
