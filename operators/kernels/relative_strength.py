"""Relative strength: gains as a fraction of all price changes."""

from operators.kernels import kernel
from operators.kernels.averages import seeded


@kernel
def relative_strength(closes, at, seen, lane, averages, period, out):
    """Wilder's relative strength index at every row, in percent; 50 without movement. Valid after `period` changes.

    Parameters
    ----------
    closes
        A row of the tape.
    at, seen, lane
        As passed to the kernel of a feature.
    averages
        (lanes, 2): Wilder's averages of gains and losses of each lane; updated.
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
