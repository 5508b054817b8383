"""Merging: the rows of many runs in one order, by (time, instrument).

A run is what one shard sent at once: its times only grow, and at each instant the rows of an
instrument stand together. They stay in the order in which they stand.
"""

import numpy as np

from operators.kernels import kernel

_LATER = np.iinfo(np.int64).max


@kernel
def merge_runs(times, instruments, starts):
    """The order of all rows.

    Parameters
    ----------
    times, instruments
        (r,) int64: of the rows of all runs, one run after the other.
    starts
        (runs + 1,) int64: where each run starts; r at the end.

    Returns
    -------
    (r,) int64: row numbers in the new order.
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
        # Mostly the very instruments of the instant before, in the same places.
        if not in_order(ranks, instruments, first, groups):
            ranks = np.argsort(instruments[first[:groups]], kind="mergesort")
        for rank in ranks:
            for row in range(first[rank], after[rank]):
                order[done] = row
                done += 1
    return order


@kernel
def in_order(ranks, instruments, first, groups):
    """Whether `ranks` puts the groups in the order of their instruments, equal ones as they come."""
    if ranks.size != groups:
        return False
    for at in range(1, groups):
        before, here = ranks[at - 1], ranks[at]
        one, other = instruments[first[before]], instruments[first[here]]
        if one > other or (one == other and before > here):
            return False
    return True
