"""Scanning: apply rows to order books and evaluate the affected baskets, in one pass.

Books are checked when a message of the venue has been applied completely. For the baskets of a token whose best
price or size changed, the edge of the first set is computed; the depth is walked only where that is profitable. An
open basket is evaluated whenever any level of its tokens changes. The pass stops at each change that the caller must
record, with the books as of that instant.
"""

import numpy as np

from domain.quotes import MESSAGE_END, SIZE_UNITS
from operators.kernels import kernel
from operators.kernels.basket import assess
from operators.kernels.cycle import assess_cycle
from operators.kernels.order_book import (
    BEAT,
    PRINT,
    PRINTS,
    UNKNOWN_TOKENS,
    apply_row,
    end_message,
    take_print,
)
from operators.kernels.slots import find_slot

NOW, MESSAGE_TS, MESSAGE_RECEIVED, PENDING, TOUCHED, QUEUED, TAKEN, MESSAGES, DUE, BASKET = range(10)
"""Indices into the clock of the scan: newest time; time stamps of the message in progress, and whether there is one;
number of tokens it touched; number of queued baskets, and of those already evaluated; messages so far; time of the
next alarm; the basket that a stop refers to."""
CLOCK = 10
NEVER = np.iinfo(np.int64).max

DONE, ALARM, OPENED, UPDATED, CLOSED = range(5)
"""Stop reason of a pass: all rows processed; the alarm is due; a basket became profitable, changed materially, or is no
longer profitable."""


@kernel
def _finish_message(clock, arrays, index, baskets, queue, marks, touched, tally):
    """Check the touched books, and queue the baskets that may be affected."""
    books, sides, levels, sizes = arrays
    first_of, basket_of = index
    clock[MESSAGES] += 1
    clock[PENDING] = 0
    for at in range(clock[TOUCHED]):
        token = touched[at]
        end_message(books[token], sides[token], levels[token], sizes[token], clock[NOW], tally)
        moved = books[token].moved
        books[token].moved = 0
        for place in range(first_of[token], first_of[token + 1]):
            basket = basket_of[place]
            if (moved or baskets[basket].open or baskets[basket].sighted) and marks[basket] != clock[MESSAGES]:
                marks[basket] = clock[MESSAGES]
                queue[clock[QUEUED]] = basket
                clock[QUEUED] += 1
    clock[TOUCHED] = 0


@kernel
def _confirmed(basket, legs, books):
    """Whether a basket was profitable before, and is so again with newer books of a single time stamp.

    In mirrored books, an arbitrage is an artefact of the feed unless it persists.
    """
    newest, oldest = -NEVER, NEVER
    for at in range(basket.first, basket.first + basket.legs):
        newest, oldest = max(newest, books[legs[at].token].ts), min(oldest, books[legs[at].token].ts)
    if newest != oldest:
        return False
    if basket.sighted == 0:
        basket.sighted = newest
    return newest > basket.sighted


@kernel
def _material_change(basket, legs, figures, material):
    """Whether figures differ from the published ones by more than a fraction of them, or other legs are selected."""
    for at in range(basket.first, basket.first + basket.legs):
        if legs[at].now != legs[at].told:
            return True
    return (
        abs(figures.size - basket.told_size) > material * basket.told_size
        or abs(figures.net - basket.told_net) > material * basket.told_net
    )


@kernel
def evaluate(basket, legs, arrays, terms, rule, now, cursors, figures, tally):
    """Evaluate one basket: OPENED, UPDATED, CLOSED, or DONE if nothing is to be recorded."""
    if basket.cycle:
        pays = assess_cycle(basket, legs, arrays, terms, rule, now, figures, tally)
    else:
        pays = assess(basket, legs, arrays, terms, rule, now, cursors, figures, tally)
    if not pays:
        basket.sighted = 0
        if basket.open:
            basket.open = 0
            return CLOSED
        return DONE
    if not basket.open and basket.confirm and not _confirmed(basket, legs, arrays[0]):
        return DONE
    edge = figures.net / figures.size * SIZE_UNITS
    if not basket.open:
        basket.open, basket.best_edge, basket.best_net, basket.best_size = 1, edge, figures.net, figures.size
        what = OPENED
    else:
        basket.best_edge = max(basket.best_edge, edge)
        basket.best_net = max(basket.best_net, figures.net)
        basket.best_size = max(basket.best_size, figures.size)
        what = UPDATED if _material_change(basket, legs, figures, rule.material) else DONE
    if what != DONE:
        basket.told_size, basket.told_net = figures.size, figures.net
        for at in range(basket.first, basket.first + basket.legs):
            legs[at].told = legs[at].now
    return what


@kernel
def scan(rows, start, clock, arrays, table, index, basket_tables, scratch, rules, tally):
    """Process rows until a change must be recorded.

    Parameters
    ----------
    rows, start
        QUOTE rows, including trades and heartbeats; the first row to process.
    clock
        (CLOCK,) updated.
    arrays
        (n,) BOOK, (n, 2) SIDE, (n, 2, DEPTH) prices and sizes.
    table
        Hash table (keys, slots) of the tokens (`slots.find_slot`).
    index
        (n + 1,) start of each token's baskets; and the baskets.
    basket_tables
        BASKET, LEG and TERMS.
    scratch
        Queue and marks (baskets,), touched (n,), cursors (2, most legs), figures (1,) FIGURES.
    rules, tally
        (1,) RULE; (TALLY,) counts, updated.

    Returns
    -------
    row, why
        The first unprocessed row, and the stop reason; `clock[BASKET]` is the basket.
    """
    baskets, legs, terms = basket_tables
    queue, marks, touched, cursors, figures = scratch
    books, sides, levels, sizes = arrays
    rule = rules[0]
    at_row = start
    while True:
        while clock[TAKEN] < clock[QUEUED]:
            clock[BASKET] = queue[clock[TAKEN]]
            clock[TAKEN] += 1
            why = evaluate(baskets[clock[BASKET]], legs, arrays, terms, rule, clock[NOW], cursors, figures[0], tally)
            if why != DONE:
                return at_row, why
        clock[TAKEN] = clock[QUEUED] = 0
        if at_row == rows.size:
            return at_row, DONE
        row = rows[at_row]
        if clock[PENDING] and (row.ts != clock[MESSAGE_TS] or row.received_at != clock[MESSAGE_RECEIVED]):
            _finish_message(clock, arrays, index, baskets, queue, marks, touched, tally)
            continue
        at = max(row.ts, row.received_at)
        if at >= clock[DUE]:
            return at_row, ALARM
        clock[NOW] = max(clock[NOW], at)
        at_row += 1
        if row.kind == BEAT:
            continue
        slot = table[1][find_slot(table[0], table[1], row.instrument)]
        if slot < 0:
            tally[UNKNOWN_TOKENS] += 1
        elif row.kind == PRINT:
            tally[PRINTS] += 1
            take_print(row, at, books[slot], sides[slot], levels[slot], rule.grace)
            # Open baskets must be evaluated again at the deadline of a ghost level.
            for side in range(2):
                if sides[slot, side].deadline:
                    clock[DUE] = min(clock[DUE], sides[slot, side].deadline)
        else:
            if not books[slot].touched:
                books[slot].touched = 1
                touched[clock[TOUCHED]] = slot
                clock[TOUCHED] += 1
            clock[PENDING], clock[MESSAGE_TS], clock[MESSAGE_RECEIVED] = 1, row.ts, row.received_at
            apply_row(row, at, books[slot], sides[slot], levels[slot], sizes[slot], tally)
        if row.flags & MESSAGE_END and clock[PENDING]:
            _finish_message(clock, arrays, index, baskets, queue, marks, touched, tally)
