"""Fingerprint: a 64-bit hash of each row of a table, independent of the memory layout.

Each word of a row is mixed with its column number by the finalizer of splitmix64 (Steele, Lea and Flood 2014), and
the words of a row are added up, so that columns can be read sequentially. Two different rows collide by accident
with probability 2^-64; the hash is not collision-resistant against an adversary.
"""

import numpy as np

from operators.kernels import kernel

ROWS_AT_A_TIME = 512
"""Block size for which the sums, and the words of record arrays, stay in the L1 cache."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_ONE, _R27, _R30, _R31 = np.uint64(1), np.uint64(27), np.uint64(30), np.uint64(31)
_NAN, _INFINITY_TWICE = np.uint64(0x7FF8000000000000), np.uint64(0xFFE0000000000000)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@kernel
def fingerprint(words, masks, floats):
    """Hash each row.

    Parameters
    ----------
    words
        (columns, r) uint64: the table as bits.
    masks
        (columns,) uint64: bits that are hashed.
    floats
        (columns,) bool: whether a column holds doubles, for which all NaNs are equal.

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
