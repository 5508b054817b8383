"""Fingerprint: one number for each row of a table, the same however the table is stored.

Each word of a row is mixed with the number of its column by the finalizer of splitmix64 (Steele, Lea
and Flood 2014), and the row's words are added up: columns can be read one after the other, as they
lie. Two rows that differ by accident have the same number once in 2^64; against somebody who looks
for such rows it is no protection.
"""

import numpy as np

from operators.kernels import kernel

ROWS_AT_A_TIME = 512
"""Their sums, and their words where rows lie as records, stay in the first-level cache."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_ONE, _R27, _R30, _R31 = np.uint64(1), np.uint64(27), np.uint64(30), np.uint64(31)
_NAN, _INFINITY_TWICE = np.uint64(0x7FF8000000000000), np.uint64(0xFFE0000000000000)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@kernel
def fingerprint(words, masks, floats):
    """Each row's number.

    Parameters
    ----------
    words
        (columns, r) uint64: the table as bits.
    masks
        (columns,) uint64: bits that count.
    floats
        (columns,) bool: whether a column holds doubles, of which every NaN counts as the same.

    Returns
    -------
    (r,) uint64.
    """
    columns, rows = words.shape
    out = np.zeros(rows, np.uint64)
    for start in range(0, rows, ROWS_AT_A_TIME):
        sums = out[start : start + ROWS_AT_A_TIME]
        for column in range(columns):
            mine = words[column, start : start + ROWS_AT_A_TIME]
            key, mask = np.uint64(column + 1) * _GOLDEN, masks[column]
            largest = _INFINITY_TWICE if floats[column] else _ALL  # without the sign; beyond are NaNs only
            for row in range(sums.size):
                word = mine[row] & mask
                word = _NAN if (word << _ONE) > largest else word
                word ^= key
                word = (word ^ (word >> _R30)) * _FIRST
                word = (word ^ (word >> _R27)) * _SECOND
                sums[row] += word ^ (word >> _R31)
    return out
