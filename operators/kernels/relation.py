"""Exponentially weighted mean, variance and covariance of pairs of returns, with O(1) state per lane."""

import numpy as np

from domain.slices import FIRST
from operators.kernels import kernel

PAIR = np.dtype(
    [(name, "<f8") for name in ("mean_x", "mean_y", "variance_x", "variance_y", "covariance", "last_close", "return_")]
    + [("count", "<i8"), ("closed_at", "<i8")]
)


@kernel
def add_pair(state, x, y, alpha):
    """Add the pair (x, y).

    With d = x - m: m += alpha d and C = (1 - alpha) (C + alpha dx dy), equal to
    `pandas.ewm(alpha, adjust=False).cov(bias=True)`; the mean starts at the first pair.
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
    """Correlate each bar's log return with that of its reference over the same bar; a FIRST bar resets the state.

    Parameters
    ----------
    bars
        (r,) BAR in the order (close time, instrument, frame).
    places
        (r,) place of each row's instrument.
    reference
        (instruments,) place of each instrument's reference, -1 if it has none.
    states
        (instruments * frames,) PAIR; updated.
    out
        (r,) RELATION, with room for every row.

    Returns
    -------
    int
        Number of rows written: one per bar of an instrument with a different reference that has this bar too.
    """
    count = 0
    row = 0
    while row < bars.size:
        first, instant = row, bars[row].close_time
        # First all returns of this instant, then the pairs: the reference may be at any row of the instant.
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
                continue  # the reference is absent; whether its state was already freed must not be observable
            if not np.isnan(mine.return_) and not np.isnan(other.return_):
                add_pair(mine, mine.return_, other.return_, alpha)
            written = out[count]
            written.ts, written.instrument, written.frame = instant, bars[at].instrument, frame
            written.count = mine.count
            spread = np.sqrt(mine.variance_x * mine.variance_y)
            warm = mine.count >= warmup and spread > 0.0
            written.correlation = min(1.0, max(-1.0, mine.covariance / spread)) if warm else np.nan
            written.beta = mine.covariance / mine.variance_y if warm else np.nan
            count += 1
    return count
