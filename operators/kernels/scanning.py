"""Scanning: rows into books, and the baskets whose books moved into opportunities, in one pass.

Books are looked at when a message of the venue has been applied whole. Of the baskets of a token whose
best price or size moved, the edge of the first set is reckoned; only where that pays is depth walked.
A basket that is open is looked at again whenever any level of its tokens changes. The pass stops where
the caller has to tell of something, with the books as they are at that instant.
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
"""The scan's clock: newest instant at which anything was known; time stamps of the message that is being
applied, and whether there is one; tokens that it touched; baskets in the queue, and how many of them have
been looked at; messages so far; when the caller wants to be called; the basket that a stop is about."""
CLOCK = 10
NEVER = np.iinfo(np.int64).max

DONE, ALARM, OPENED, UPDATED, CLOSED = range(5)
"""Why a pass stopped: all rows taken in; it is `DUE`; a basket began to pay, pays noticeably more or less,
or pays no more."""


@kernel
def _finish_message(clock, house, index, baskets, queue, marks, touched, tally):
    """Look at the touched books, and queue the baskets that this may concern."""
    books, sides, levels, sizes = house
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
    """Whether what looks like a basket was seen before, and again with books that are both newer and of one time.

    Of books that mirror each other a basket is a fault of the feed, unless it stays.
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
def _noticeable(basket, legs, figures, material):
    """Whether figures differ from those told by more than a share of them, or other legs are taken."""
    for at in range(basket.first, basket.first + basket.legs):
        if legs[at].now != legs[at].told:
            return True
    return (
        abs(figures.size - basket.told_size) > material * basket.told_size
        or abs(figures.net - basket.told_net) > material * basket.told_net
    )


@kernel
def judge(basket, legs, house, terms, rule, now, cursors, figures, tally):
    """Look at one basket: OPENED, UPDATED, CLOSED, or DONE where there is nothing to tell."""
    if basket.cycle:
        pays = assess_cycle(basket, legs, house, terms, rule, now, figures, tally)
    else:
        pays = assess(basket, legs, house, terms, rule, now, cursors, figures, tally)
    if not pays:
        basket.sighted = 0
        if basket.open:
            basket.open = 0
            return CLOSED
        return DONE
    if not basket.open and basket.confirm and not _confirmed(basket, legs, house[0]):
        return DONE
    edge = figures.net / figures.size * SIZE_UNITS
    if not basket.open:
        basket.open, basket.best_edge, basket.best_net, basket.best_size = 1, edge, figures.net, figures.size
        what = OPENED
    else:
        basket.best_edge = max(basket.best_edge, edge)
        basket.best_net = max(basket.best_net, figures.net)
        basket.best_size = max(basket.best_size, figures.size)
        what = UPDATED if _noticeable(basket, legs, figures, rule.material) else DONE
    if what != DONE:
        basket.told_size, basket.told_net = figures.size, figures.net
        for at in range(basket.first, basket.first + basket.legs):
            legs[at].told = legs[at].now
    return what


@kernel
def scan(rows, start, clock, house, table, index, desk, scratch, rules, tally):
    """Take rows in until something has to be told.

    Parameters
    ----------
    rows, start
        QUOTE rows, prints and beats among them; where to begin.
    clock
        (CLOCK,) moved on.
    house
        (n,) BOOK, (n, 2) SIDE, (n, 2, DEPTH) prices and sizes.
    table
        Keys and slots by which tokens are found (`slots.find_slot`).
    index
        For each token the first of its baskets, (n + 1,); and the baskets.
    desk
        BASKET, LEG and TERMS.
    scratch
        Queue and marks (baskets,), touched (n,), cursors (2, most legs), figures (1,) FIGURES.
    rules, tally
        (1,) RULE; (TALLY,) counts, moved on.

    Returns
    -------
    row, why
        The first row that was not taken in, and why the pass stopped; `clock[BASKET]` is the basket.
    """
    baskets, legs, terms = desk
    queue, marks, touched, cursors, figures = scratch
    books, sides, levels, sizes = house
    rule = rules[0]
    at_row = start
    while True:
        while clock[TAKEN] < clock[QUEUED]:
            clock[BASKET] = queue[clock[TAKEN]]
            clock[TAKEN] += 1
            why = judge(baskets[clock[BASKET]], legs, house, terms, rule, clock[NOW], cursors, figures[0], tally)
            if why != DONE:
                return at_row, why
        clock[TAKEN] = clock[QUEUED] = 0
        if at_row == rows.size:
            return at_row, DONE
        row = rows[at_row]
        if clock[PENDING] and (row.ts != clock[MESSAGE_TS] or row.received_at != clock[MESSAGE_RECEIVED]):
            _finish_message(clock, house, index, baskets, queue, marks, touched, tally)
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
            # An open basket must be looked at when the ghost's time is up.
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
            _finish_message(clock, house, index, baskets, queue, marks, touched, tally)
