"""Pieces: all rows that have enough before them, once each, in runs."""

import numpy as np

from operators.kernels.pieces import LONGEST, next_piece


def pieces(at, reach):
    """All of them."""
    found, (begin, end) = [], next_piece(at, 0, reach)
    while begin < end:
        found.append((begin, end))
        begin, end = next_piece(at, end, reach)
    return found


def test_pieces_end_where_the_tape_jumps():
    assert pieces(np.array([3, 4, 5, 9, 20, 21]), 2) == [(0, 3), (3, 4), (4, 6)]


def test_rows_near_the_begin_of_the_tape_are_left_out():
    assert pieces(np.arange(6), 4) == [(4, 6)]
    assert pieces(np.arange(3), 4) == []


def test_long_ones_are_cut():
    assert pieces(np.arange(7, 7 + 2 * LONGEST + 1), 7) == [
        (0, LONGEST),
        (LONGEST, 2 * LONGEST),
        (2 * LONGEST, 2 * LONGEST + 1),
    ]
