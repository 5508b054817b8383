"""Exponentially weighted mean, variance and covariance of pairs, O(1) state for each lane."""

import numpy as np

from domain.slices import FIRST
from operators.kernels import kernel

PAIR = np.dtype(
    [(name, "<f8") for name in ("mean_x", "mean_y", "variance_x", "variance_y", "covariance", "last_close", "return_")]
    + [("count", "<i8"), ("closed_at", "<i8")]
)


@kernel
def add_pair(state, x, y, alpha):
    """Take the pair (x, y) in.

    With d = x - m: m += alpha d and C = (1 - alpha) (C + alpha dx dy), which is what
    `pandas.ewm(alpha, adjust=False).cov(bias=True)` gives; the first pair is the mean.
    """
    if state.count == 0:
        state.mean_x, state.mean_y = x, y
        state.variance_x = state.variance_y = state.covariance = 0.0
    else:
        dx, dy = x - state.mean_x, y - state.mean_y
        state.mean_x += alpha * dx
        state.mean_y += alpha * dy
        state.variance_x = (1.0 - alpha) * (state.variance_x + alpha * dx * dx)
        state.variance_y = (1.0 - alpha) * (state.variance_y + alpha * dy * dy)
        state.covariance = (1.0 - alpha) * (state.covariance + alpha * dx * dy)
    state.count += 1


@kernel
def relate_bars(bars, places, reference, frames, states, out, alpha, warmup, lengths):
    """Relate each bar's log return to that of its reference over the same bar; a FIRST bar begins anew.

    Parameters
    ----------
    bars
        (r,) BAR in the order (close time, instrument, frame).
    places
        (r,) place of each row's instrument.
    reference
        (instruments,) place of each instrument's reference, -1 if it has none.
    states
        (instruments * frames,) PAIR; moved on.
    out
        (r,) RELATION, with room for every row.

    Returns
    -------
    int
        Rows written: one for each bar of an instrument whose reference is another and has this bar too.
    """
    count = 0
    row = 0
    while row < bars.size:
        first, instant = row, bars[row].close_time
        # First every return of this instant, then the pairs, since a reference may stand anywhere in it.
        while row < bars.size and bars[row].close_time == instant:
            mine = states[places[row] * frames + bars[row].frame]
            if bars[row].flags & FIRST:
                mine.count, mine.last_close = 0, 0.0
            whole = mine.last_close > 0.0 and mine.closed_at == instant - lengths[bars[row].frame]
            mine.return_ = np.log(bars[row].close / mine.last_close) if whole else np.nan
            mine.last_close, mine.closed_at = bars[row].close, instant
            row += 1
        for at in range(first, row):
            place, partner, frame = places[at], reference[places[at]], bars[at].frame
            if partner < 0 or partner == place:
                continue
            mine, other = states[place * frames + frame], states[partner * frames + frame]
            if other.closed_at != instant:
                continue  # the reference is not there; whether it is still remembered must not show
            if not np.isnan(mine.return_) and not np.isnan(other.return_):
                add_pair(mine, mine.return_, other.return_, alpha)
            told = out[count]
            told.ts, told.instrument, told.frame, told.count = instant, bars[at].instrument, frame, mine.count
            spread = np.sqrt(mine.variance_x * mine.variance_y)
            warm = mine.count >= warmup and spread > 0.0
            told.correlation = min(1.0, max(-1.0, mine.covariance / spread)) if warm else np.nan
            told.beta = mine.covariance / mine.variance_y if warm else np.nan
            count += 1
    return count
