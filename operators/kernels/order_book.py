"""Order books as columns: the best levels of each side of every token of a shard.

A side stores its `DEPTH` best levels, best first. When one more arrives, the worst is dropped, and from then on
levels at that price or worse are ignored until the next snapshot: the stored levels are exactly those of the full
book that are better than the best dropped one. When none of them is left, the side is unknown and the book void.
Bid prices are stored negated, so that on both sides the best price is the smallest.

A book is usable after a complete snapshot as long as it is consistent. It becomes void until the next snapshot on a
gap in the venue's sequence numbers, a row older than the book, a negative size, a best price that differs from the
venue's, a change of tick size, or an interrupted feed; and on a ghost level: a best level that persists for `grace`
although a trade was executed beyond it. A crossed or locked book is unusable while it is crossed.
"""

import numpy as np

from domain.quotes import BID, CHANGE, CLEAR, CONTIGUOUS_SEQ, DROP, LEVEL, NO_SEQ, READY, TICK, TOP
from operators.kernels import kernel
from operators.kernels.slots import find_slot

DEPTH = 48
"""Levels stored per side. A book with a one-cent tick has at most 99; baskets seldom use more than ten."""

BOOK = np.dtype(
    [(name, "<i8") for name in ("instrument", "ts", "seen_at", "seq", "limit")]
    + [(name, "u1") for name in ("state", "why", "crossed", "touched", "moved")]
    + [("spare", "u1", (3,))]
)
"""`limit`: exclusive upper bound of prices; `touched`, `moved`: any level, or the best level, changed since the end of
the last message."""
SIDE = np.dtype([(name, "<i8") for name in ("count", "bound", "told", "best", "size", "since", "deadline", "ghost")])
"""Number of levels; best dropped price; best price sent by the venue (NOT_SENT); best price and size at the end of the
last message, and time since which that price is the best; deadline by which the level at `ghost` must disappear."""

UNKNOWN, FILLING, GOOD, VOID = range(4)
"""State of a book: no snapshot yet; snapshot in progress; good; void until the next snapshot."""
DROPPED, GAP, LATE, MISMATCH, REGRID, OVERFLOW, GHOST = range(1, 8)
WHYS = (
    "",
    "feed interrupted",
    "gap",
    "out of order",
    "mismatch",
    "tick size changed",
    "beyond the depth kept",
    "ghost",
)
"""Why a book is void."""
BIDS, ASKS = 0, 1

PRINT, BEAT = 7, 8
"""Kinds of rows in addition to those of the log: a trade (taker side, price and size), and a heartbeat."""

NOT_SENT = -1
NOTHING = np.iinfo(np.int64).max
"""Best price of an empty side; bound of a side without a dropped level."""

APPLIED, UNREADY, BAD_PRICE, REPEATED, VOIDED, CROSSINGS, UNKNOWN_TOKENS, PRINTS = range(8)
"""Indices into the tally: rows applied; rows for books without a snapshot, with an invalid price or size, repeated;
books voided, found crossed; rows of unknown tokens; trades."""
TALLY = 8


@kernel
def void(book, sides, why, tally):
    """Make a book unusable until the next snapshot."""
    if book.state != VOID:
        tally[VOIDED] += 1
    book.state, book.why, book.crossed = VOID, why, 0
    for side in range(2):
        sides[side].count, sides[side].deadline, sides[side].told = 0, 0, NOT_SENT


@kernel
def put_level(side, levels, sizes, price, size, adding):
    """Set the size at a price, or add to it; False if the size would become negative."""
    if price >= side.bound:
        return True
    at = 0
    while at < side.count and levels[at] < price:
        at += 1
    present = at < side.count and levels[at] == price
    if adding and present:
        size += sizes[at]
    if size < 0:
        return False
    if present and size:
        sizes[at] = size
    elif present:
        side.count -= 1
        for later in range(at, side.count):
            levels[later], sizes[later] = levels[later + 1], sizes[later + 1]
    elif size:
        if side.count == levels.size:
            if at == side.count:
                side.bound = price
                return True
            side.count -= 1
            side.bound = levels[side.count]
        for later in range(side.count, at, -1):
            levels[later], sizes[later] = levels[later - 1], sizes[later - 1]
        levels[at], sizes[at] = price, size
        side.count += 1
    return True


@kernel
def in_sequence(row, book, sides, tally):
    """Whether a row may be applied; a sequence gap voids its book."""
    if NO_SEQ not in (row.seq, book.seq):
        if row.flags & CONTIGUOUS_SEQ:
            if row.seq < book.seq:
                tally[REPEATED] += 1
                return False
            if row.seq > book.seq + 1:
                void(book, sides, GAP, tally)
        elif row.seq < book.seq:
            void(book, sides, LATE, tally)
    if row.ts < book.ts:
        void(book, sides, LATE, tally)
        return False
    book.ts = row.ts
    if row.seq != NO_SEQ:
        book.seq = row.seq
    return True


@kernel
def apply_row(row, at, book, sides, levels, sizes, tally):
    """Apply one row to its book.

    Parameters
    ----------
    row
        QUOTE, of a kind other than PRINT and BEAT.
    at
        Time at which it was known, ns.
    book, sides
        BOOK and (2,) SIDE.
    levels, sizes
        (2, DEPTH) prices, negated for bids, and sizes.
    tally
        (TALLY,) counts, updated.
    """
    kind = row.kind
    if kind == CLEAR:
        # A snapshot is accepted whatever its time stamp: after a reconnect it carries that of its last change.
        book.state, book.why, book.crossed = FILLING, 0, 0
        book.ts, book.seq, book.seen_at = row.ts, row.seq, at
        for side in range(2):
            mine = sides[side]
            mine.count, mine.bound, mine.told, mine.deadline = 0, NOTHING, NOT_SENT, 0
        tally[APPLIED] += 1
        return
    if kind == DROP:
        void(book, sides, DROPPED, tally)
        return
    if kind == TICK:
        void(book, sides, REGRID, tally)
        return
    if book.state not in (GOOD, FILLING):
        tally[UNREADY] += 1
        return
    if not in_sequence(row, book, sides, tally) or book.state == VOID:
        return
    book.seen_at = at
    if kind == READY:
        book.state = GOOD
        tally[APPLIED] += 1
        return
    side = BIDS if row.side == BID else ASKS
    if kind == TOP:
        sides[side].told = row.price
        tally[APPLIED] += 1
        return
    if kind > TOP or not 0 < row.price < book.limit or (kind == LEVEL and row.size < 0):
        tally[BAD_PRICE] += 1
        return
    price = -row.price if side == BIDS else row.price
    tally[APPLIED] += 1
    if not put_level(sides[side], levels[side], sizes[side], price, row.size, kind == CHANGE):
        void(book, sides, MISMATCH, tally)


@kernel
def _differs(side, levels, bids, limit):
    """Whether the best price differs from the venue's; a price of 0 or at the limit means an empty side."""
    if side.told == NOT_SENT:
        return False
    if not 0 < side.told < limit:
        return side.count > 0
    return side.count == 0 or levels[0] != (-side.told if bids else side.told)


@kernel
def end_message(book, sides, levels, sizes, now, tally):
    """Check a book after a complete message of the venue; sets `moved` and `crossed`."""
    book.touched = 0
    if book.state == GOOD:
        for side in range(2):
            mine = sides[side]
            if _differs(mine, levels[side], side == BIDS, book.limit):
                void(book, sides, MISMATCH, tally)
            elif mine.count == 0 and mine.bound != NOTHING:
                void(book, sides, OVERFLOW, tally)
            mine.told = NOT_SENT
    good = book.state == GOOD
    crossed = good and sides[BIDS].count > 0 and sides[ASKS].count > 0 and -levels[BIDS, 0] >= levels[ASKS, 0]
    if crossed and not book.crossed:
        tally[CROSSINGS] += 1
    moved = crossed != book.crossed
    book.crossed = crossed
    for side in range(2):
        mine = sides[side]
        here = good and mine.count > 0
        best, size = (levels[side, 0] if here else NOTHING), (sizes[side, 0] if here else 0)
        if best != mine.best:
            mine.since = now
        moved |= best != mine.best or size != mine.size
        mine.best, mine.size = best, size
        if mine.deadline and not _stands(mine, levels[side]):
            mine.deadline = 0
    book.moved |= moved


@kernel
def _stands(side, levels):
    """Whether the level that a trade went through is still in the book."""
    for at in range(side.count):
        if levels[at] >= side.ghost:
            return levels[at] == side.ghost
    return False


@kernel
def take_print(row, at, book, sides, levels, grace):
    """Record a trade beyond the best price of its side: that level must disappear within `grace` ns."""
    if book.state != GOOD or row.side == 0:
        return
    side = ASKS if row.side == BID else BIDS
    mine = sides[side]
    price = row.price if side == ASKS else -row.price
    # A level that appeared after the trade cannot have been traded through.
    if mine.count and levels[side, 0] < price and at > mine.since and not mine.deadline:
        mine.deadline, mine.ghost = at + grace, levels[side, 0]


@kernel
def usable(book, sides, now, stale, tally):
    """Whether a book is usable at `now`: good, not crossed, without ghost, and updated within `stale` ns."""
    if book.state == GOOD and (0 < sides[BIDS].deadline <= now or 0 < sides[ASKS].deadline <= now):
        void(book, sides, GHOST, tally)
    return book.state == GOOD and not book.crossed and now - book.seen_at <= stale


@kernel
def index_books(table_keys, table_slots, books):
    """Fill an empty hash table from instruments to their books (`slots.find_slot`)."""
    for slot in range(books.size):
        at = find_slot(table_keys, table_slots, books[slot].instrument)
        table_keys[at], table_slots[at] = books[slot].instrument, slot
