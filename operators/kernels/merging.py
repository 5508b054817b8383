"""K-way merge of sorted runs by (time, instrument).

A run is the output of one shard at one time: its times are non-decreasing, and the rows of an instrument are
contiguous at each instant. Their relative order is preserved.
"""

import numpy as np

from operators.kernels import kernel

_LATER = np.iinfo(np.int64).max


@kernel
def merge_runs(times, instruments, starts):
    """Return the permutation that merges the runs.

    Parameters
    ----------
    times, instruments
        (r,) int64: keys of the rows of all runs, concatenated.
    starts
        (runs + 1,) int64: start of each run; r at the end.

    Returns
    -------
    (r,) int64: row numbers in merged order.
    """
    order = np.empty(times.size, np.int64)
    heads, ends = starts[:-1].copy(), starts[1:]
    first, after = np.empty(times.size, np.int64), np.empty(times.size, np.int64)  # rows of each group
    ranks = np.empty(0, np.int64)
    done = 0
    while done < times.size:
        now = _LATER
        for run in range(heads.size):
            if heads[run] < ends[run]:
                now = min(now, times[heads[run]])
        groups = 0
        for run in range(heads.size):
            row = heads[run]
            while row < ends[run] and times[row] == now:
                first[groups] = row
                row += 1
                while row < ends[run] and times[row] == now and instruments[row] == instruments[row - 1]:
                    row += 1
                after[groups] = row
                groups += 1
            heads[run] = row
        # Usually the same instruments as at the previous instant, in the same positions: reuse the order.
        if not in_order(ranks, instruments, first, groups):
            ranks = np.argsort(instruments[first[:groups]], kind="mergesort")
        for rank in ranks:
            for row in range(first[rank], after[rank]):
                order[done] = row
                done += 1
    return order


@kernel
def in_order(ranks, instruments, first, groups):
    """Whether `ranks` is a stable sort of the groups by instrument."""
    if ranks.size != groups:
        return False
    for at in range(1, groups):
        before, here = ranks[at - 1], ranks[at]
        one, other = instruments[first[before]], instruments[first[here]]
        if one > other or (one == other and before > here):
            return False
    return True
