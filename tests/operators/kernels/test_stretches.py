"""Stretches: every row once, in runs that are contiguous on the tape."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from operators.kernels.stretches import LONGEST, covered, stretch_end


def lengths_of(at):
    """How long each stretch is."""
    row, found = 0, []
    while row < at.size:
        stop = stretch_end(at, row)
        found.append(stop - row)
        row = stop
    return found


@given(st.lists(st.integers(1, 70), min_size=1, max_size=12))
def test_a_stretch_ends_where_the_next_begins(lengths):
    starts = np.cumsum([7 + length for length in lengths]) - lengths
    at = np.concatenate([np.arange(start, start + length) for start, length in zip(starts, lengths, strict=True)])
    assert lengths_of(at) == lengths


def test_long_ones_are_cut():
    assert lengths_of(np.arange(2 * LONGEST + 1)) == [LONGEST, LONGEST, 1]
    assert lengths_of(np.array([*range(LONGEST + 3), LONGEST + 9])) == [LONGEST, 3, 1]


def test_covered_is_what_the_windows_of_the_rows_reach():
    tape, at = np.arange(20.0), np.array([5, 6, 7, 15])
    assert covered(tape, at, 0, 3, 4).tolist() == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert covered(tape, at, 3, 4, 1).tolist() == [15.0]
