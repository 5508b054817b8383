"""Relative strength: the share of gains in all change."""

from operators.kernels import kernel
from operators.kernels.averages import seeded


@kernel
def relative_strength(gains, losses, change, count, period):
    """Wilder's averages of gains and losses after one more change, and the index that they give.

    Parameters
    ----------
    gains, losses
        The averages after the change before; of no matter for the first.
    change
        Of the close.
    count
        Number of the change, from 1; the index holds once it has reached `period`.

    Returns
    -------
    tuple
        Gains, losses, and the index in percent: 50 where nothing moved.
    """
    up = change if change > 0.0 else 0.0
    down = -change if change < 0.0 else 0.0
    gains = seeded(gains, up, count, period, 1.0 / period)
    losses = seeded(losses, down, count, period, 1.0 / period)
    moved = gains + losses
    return gains, losses, 100.0 * (gains / moved) if moved > 0.0 else 50.0
