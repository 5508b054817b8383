"""Liquidity: how an instrument's turnover compares with what is usual for it.

Two exponential means of the turnover of its bars, a fast and a slow one, so that both are of the same
kind and a skewed turnover does not look thin most of the time.
"""

from operators.kernels import kernel

THINNEST = 0.01
"""The least share: evidence in a dead market is weak, not void."""


@kernel
def add_turnover(mine, turnover, keep_fast, keep_slow):
    """Add the turnover of a bar; its record has `fast`, `slow` and the weights `fast_seen`, `slow_seen`."""
    mine.fast, mine.fast_seen = mine.fast * keep_fast + turnover, mine.fast_seen * keep_fast + 1.0
    mine.slow, mine.slow_seen = mine.slow * keep_slow + turnover, mine.slow_seen * keep_slow + 1.0


@kernel
def liquidity(mine, exponent):
    """Share of the evidence that stands, in (0, 1]: 1 at the usual turnover or above it, or if none is known.

    (2 V / (V + U)) ** exponent of the turnover V now and the usual U: 1 where they are equal, so that an
    ordinary market changes nothing.
    """
    if mine.slow <= 0.0:
        return 1.0
    now, usual = mine.fast / mine.fast_seen, mine.slow / mine.slow_seen
    return min(1.0, max(THINNEST, 2.0 * now / (now + usual))) ** exponent
