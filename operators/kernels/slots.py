"""Slots: the positions of a shard's instruments in all state arrays, and their state apart from bars.

Instruments are looked up by open addressing; slots of expired instruments are reused, the last freed first.
"""

import numpy as np

from domain.blocks import NO_ID
from operators.kernels import kernel
from operators.kernels.cell import clear

LIFE = np.dtype(
    [
        (name, "<i8")
        for name in ("instrument", "vacant", "started", "newest_id", "closed_id", "last_ts", "contiguous", "marked")
    ]
    + [("last_close", "<f8")]
)
"""State of an instrument apart from its bars. A vacant slot retains the number of its last instrument, whose bars may
still be in flight, until it is reassigned."""

NEWEST, CLOSED_UNTIL, NEXT_CLOSE, SLOTS, FREE_SLOTS, REUSABLE = range(6)
"""Indices into the clock of a shard: newest event time; time up to which all bars are closed; newest time at which the
next bars close; slots ever used; number of free slots; number of slots that were free at the beginning of the pass."""
UNSET = -(1 << 62)
"""Initial value of `NEWEST`."""
FULL, FREED_IN_PASS = -1, -2
"""No slot is left; only slots freed in this pass are left."""

SEEN_IDS = 256
"""Window of ids below the newest that are tracked individually; every id below it counts as seen."""
SEEN_WORDS = SEEN_IDS // 64
_HASH = np.uint64(0x9E3779B97F4A7C15)


@kernel
def find_slot(table_keys, table_slots, instrument):
    """Position of `instrument` in the hash table, or the position at which to insert it (open addressing)."""
    mask = table_keys.size - 1
    at = np.int64((np.uint64(instrument) * _HASH) >> np.uint64(33)) & mask
    while table_slots[at] >= 0 and table_keys[at] != instrument:
        at = (at + 1) & mask
    return at


@kernel
def index_slots(table_keys, table_slots, life, slots):
    """Rebuild the hash table from `life`."""
    table_slots[:] = -1
    for slot in range(slots):
        if not life[slot].vacant:
            at = find_slot(table_keys, table_slots, life[slot].instrument)
            table_keys[at], table_slots[at] = life[slot].instrument, slot


@kernel
def seen_before(life, words, trade_id):
    """Whether the id was seen before; records it."""
    newest = life.newest_id
    if trade_id > newest:
        if trade_id - newest >= SEEN_IDS or newest == NO_ID:
            words[:] = 0
        else:
            for skipped in range(newest + 1, trade_id):
                words[(skipped >> 6) % SEEN_WORDS] &= ~(np.uint64(1) << np.uint64(skipped & 63))
        words[(trade_id >> 6) % SEEN_WORDS] |= np.uint64(1) << np.uint64(trade_id & 63)
        life.newest_id = trade_id
        return False
    if newest - trade_id >= SEEN_IDS:
        return True
    bit = np.uint64(1) << np.uint64(trade_id & 63)
    if words[(trade_id >> 6) % SEEN_WORDS] & bit:
        return True
    words[(trade_id >> 6) % SEEN_WORDS] |= bit
    return False


@kernel
def allocate_slot(clock, state, table, instrument):
    """Allocate a slot for a new instrument; return FULL or FREED_IN_PASS if that is impossible."""
    life, cells, free = state
    table_keys, table_slots = table
    if clock[FREE_SLOTS] > 0:
        if clock[FREE_SLOTS] > clock[REUSABLE]:
            return FREED_IN_PASS
        clock[FREE_SLOTS] -= 1
        clock[REUSABLE] = clock[FREE_SLOTS]
        slot = free[clock[FREE_SLOTS]]
    elif clock[SLOTS] < life.size:
        slot = clock[SLOTS]
        clock[SLOTS] += 1
    else:
        return FULL
    mine = life[slot]
    mine.instrument, mine.vacant, mine.started, mine.contiguous, mine.marked = instrument, 0, 0, 0, 0
    mine.newest_id = mine.closed_id = NO_ID
    mine.last_close = np.nan
    clear(cells[slot, 0])
    clear(cells[slot, 1])
    at = find_slot(table_keys, table_slots, instrument)
    table_keys[at], table_slots[at] = instrument, slot
    return slot
