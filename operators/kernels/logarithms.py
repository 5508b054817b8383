"""Logarithms of ratios, many at once."""

import numpy as np

from operators.kernels import kernel

_FAR = 0.2
"""Beyond this the series is not exact: there the first term left out is 0.1^16 / 17 of the first."""


@kernel
def log_ratios(over, under, at, out):
    """ln(over / under) at the places `at` of the tape.

    ln(a/b) = 2 artanh(s) = 2 (s + s^3/3 + s^5/5 + …) with s = (a - b) / (a + b), which the processor takes
    for several rows at once, and which loses nothing where a and b are almost equal. Ratios beyond
    11 : 9, rare within a bar, are left to `np.log`.
    """
    for row in range(at.size):
        a, b = over[at[row]], under[at[row]]
        out[row] = (a - b) / (a + b)
    for row in range(out.size):
        share = out[row]
        x = share * share
        rest = x * (1 / 7 + x * (1 / 9 + x * (1 / 11 + x * (1 / 13 + x * (1 / 15)))))
        out[row] = 2.0 * (share + share * x * (1 / 3 + x * (1 / 5 + rest)))
    for row in range(out.size):
        if not abs(out[row]) < _FAR:
            out[row] = np.log(over[at[row]] / under[at[row]])
