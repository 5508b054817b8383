"""Slots: where the instruments of a shard live, and what is remembered of each beside its bars.

A slot is an index into all state arrays. Instruments are found by open addressing; slots of quiet
ones are used again, the last vacated first.
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
"""What outlives an instrument's bars. A vacant slot keeps the number of who lived there, whose bars may
still be on their way, until somebody else moves in."""

NEWEST, CLOSED_UNTIL, NEXT_CLOSE, SLOTS, FREE_SLOTS, REUSABLE = range(6)
"""The shard's clock: newest event time; every bar that ends by then is closed; newest time at which
the next bars close; slots ever used; how many of them are free; how many of those were free when the
pass began."""
UNSET = -(1 << 62)
"""`NEWEST`, before anything was accepted."""
FULL, TAKEN = -1, -2
"""No slot is left; only slots that were freed in this pass are left."""

SEEN_IDS = 256
"""Ids under the newest that are remembered one by one; below them every id counts as seen."""
SEEN_WORDS = SEEN_IDS // 64
_HASH = np.uint64(0x9E3779B97F4A7C15)


@kernel
def find_slot(table_keys, table_slots, instrument):
    """Index in the table where `instrument` is, or where it would go (open addressing)."""
    mask = table_keys.size - 1
    at = np.int64((np.uint64(instrument) * _HASH) >> np.uint64(33)) & mask
    while table_slots[at] >= 0 and table_keys[at] != instrument:
        at = (at + 1) & mask
    return at


@kernel
def index_slots(table_keys, table_slots, life, slots):
    """Fill the table anew from `life`."""
    table_slots[:] = -1
    for slot in range(slots):
        if not life[slot].vacant:
            at = find_slot(table_keys, table_slots, life[slot].instrument)
            table_keys[at], table_slots[at] = life[slot].instrument, slot


@kernel
def seen_before(life, words, trade_id):
    """Whether the id came before; remembers it."""
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
def move_in(clock, house, table, instrument):
    """A slot for a new instrument, or FULL or TAKEN."""
    life, cells, free = house
    table_keys, table_slots = table
    if clock[FREE_SLOTS] > 0:
        if clock[FREE_SLOTS] > clock[REUSABLE]:
            return TAKEN
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
