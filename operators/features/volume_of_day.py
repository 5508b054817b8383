"""How unusual a bar's volume is for its hour of the day."""

import numpy as np

from operators.features import CLOSE_TIME, VOLUME, Floats, Ints, feature

HOURS, HOUR_S = 24, 3600.0
KEEP = 2.0 ** (-1.0 / 7.0)
LEAST = 5.0


@feature(columns=("volume_of_day_zscore",), unit="standard deviations", state=3 * HOURS + 4, warmup=289)
def volume_of_day(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Standard deviations by which ln V exceeds that of the same hour (UTC) on the days before.

    Markets have busy and quiet hours, which a window of the last bars takes for news. For each hour
    of the day the number, mean and squared deviations of ln V are kept; when an hour is over its bars
    are merged into them, and what is older fades with a half-life of 7 days. Bars without trades are
    left out and have no value; nor has an hour before 5 bars of it weigh in, which takes a day of 5m
    bars and a week of 1h bars. 0 where the baseline does not vary.

    Examples
    --------
    >>> hours = range(3600, 3600 * 24 * 20 + 1, 3600)
    >>> volume = [10.0 if day % 2 else 1000.0 for day in range(20) for _ in range(24)]
    >>> bars = {"close": [1.0] * 480, "volume": volume, "close_time_s": list(hours)}
    >>> float(volume_of_day.over(bars)[0, -1])
    -1.1

    References
    ----------
    Chan, Golub and LeVeque, 1983, for the merging of means and deviations.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]  # number, mean and deviations for each hour of the day; the hour now, and its own
        if seen[row] == 1:
            mine[:] = 0.0
        running = mine[3 * HOURS :]
        hour = np.floor((tape[CLOSE_TIME, now] - 1.0) / HOUR_S)
        if hour != running[0]:
            if running[1] > 0.0:
                usual = mine[3 * (int(running[0]) % HOURS) :]
                number = KEEP * usual[0] + running[1]
                away = running[2] - usual[1]
                usual[2] = KEEP * usual[2] + running[3] + away * away * KEEP * usual[0] * running[1] / number
                usual[1] += away * running[1] / number
                usual[0] = number
            running[0], running[1], running[2], running[3] = hour, 0.0, 0.0, 0.0
        out[0, row] = np.nan
        if not tape[VOLUME, now] > 0.0:
            continue
        size = np.log(tape[VOLUME, now])
        usual = mine[3 * (int(hour) % HOURS) :]
        if usual[0] >= LEAST:
            spread = np.sqrt(usual[2] / usual[0])
            # A spread of a few rounding errors is no spread.
            out[0, row] = (size - usual[1]) / spread if spread > 1e-12 else 0.0
        running[1] += 1.0
        away = size - running[2]
        running[2] += away / running[1]
        running[3] += away * (size - running[2])
