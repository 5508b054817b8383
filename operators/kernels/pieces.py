"""Pieces: rows side by side on the tape, few enough that all that is made of them stays in the nearest cache."""

from operators.kernels import kernel

LONGEST = 512


@kernel
def next_piece(at, row, reach):
    """The next rows from `row` on, at most `LONGEST`, that stand side by side with `reach` places before the first.

    Rows nearer to the begin of the tape are left out; they have not seen `reach` bars.

    Returns
    -------
    tuple
        (begin, end) of the rows; equal if none is left.
    """
    while row < at.size and at[row] < reach:
        row += 1
    end = row
    while end < at.size and end - row < LONGEST and at[end] - at[row] == end - row:
        end += 1
    return row, end
