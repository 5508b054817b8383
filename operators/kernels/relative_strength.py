"""Relative strength: the share of gains in all change."""

from operators.kernels import kernel
from operators.kernels.averages import seeded


@kernel
def relative_strength(closes, at, seen, lane, averages, period, out):
    """The index at every row, in percent: 50 where nothing moved; it holds once `period` changes have been seen.

    Parameters
    ----------
    closes
        A row of the tape.
    at, seen, lane
        As a feature's kernel is given them.
    averages
        (lanes, 2): Wilder's averages of gains and losses of each lane; moved on.
    out
        (r,) the index.
    """
    row = 0
    while row < at.size:
        mine = lane[row]
        gains, losses = averages[mine]
        while row < at.size and lane[row] == mine:
            change = closes[at[row]] - closes[at[row] - 1]
            gains = seeded(gains, change if change > 0.0 else 0.0, seen[row] - 1, period, 1.0 / period)
            losses = seeded(losses, -change if change < 0.0 else 0.0, seen[row] - 1, period, 1.0 / period)
            moved = gains + losses
            out[row] = 100.0 * (gains / moved) if moved > 0.0 else 50.0
            row += 1
        averages[mine] = gains, losses
