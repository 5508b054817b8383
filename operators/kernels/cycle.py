"""Cycles: three trades in a row, each paid with what the one before brought, back to the money of the first.

The first buys and the last sells for the same money; the one between buys or sells. A book's levels make
each trade a rate that falls with size, so the product of the three falls too: one more unit of money is put
in as long as what comes back of it is above 1 and `edge_min`. The trades are then made anew in whole lots.
Fees are a share of what each trade brings. The Decimal twin is `operators.cycle`.
"""

import numpy as np

from domain.quotes import PRICE_UNITS, SIZE_UNITS
from operators.kernels import kernel
from operators.kernels.basket import NUDGE, leg_of, share_of
from operators.kernels.order_book import ASKS, usable

LEGS = 3
CLOSE = 1e-12
"""Of a size: a share by which binary may fall short of a whole lot that is exact on paper."""


@kernel
def whole(size, lot):
    """The largest multiple of `lot` in a size in SIZE_UNITS."""
    return np.int64(np.floor(size * (1.0 + CLOSE) / lot + NUDGE)) * lot


@kernel
def rate_of(terms, side, price):
    """What a unit that is put into a trade brings, fee included."""
    return (1.0 / price if side == ASKS else price) * (1.0 - terms.rate)


@kernel
def bought_for(levels, sizes, count, money, share, lot):
    """The most whole lots that some money buys, SIZE_UNITS."""
    total = 0.0
    for at in range(count):
        price = abs(levels[at]) / PRICE_UNITS
        part = min(float(share_of(sizes[at], share)), money / price * SIZE_UNITS)
        total += part
        money -= part / SIZE_UNITS * price
        if money <= 0.0:
            break
    return whole(total, lot)


@kernel
def value_of(levels, sizes, count, size, share):
    """What `size` costs or brings before fees; NaN if the book does not hold it."""
    value = 0.0
    for at in range(count):
        if size <= 0:
            break
        here = min(size, share_of(sizes[at], share))
        value += abs(levels[at]) / PRICE_UNITS * (here / SIZE_UNITS)
        size -= here
    return value if size <= 0 else np.nan


@kernel
def first_size(basket, legs, house, terms, rule):
    """How much the first trade buys while the cycle brings more than `edge_min`, SIZE_UNITS; in whole lots."""
    _, sides, levels, sizes = house
    at_level, left = np.zeros(LEGS, np.int64), np.zeros(LEGS)
    for at in range(LEGS):
        token, side, _ = leg_of(legs[basket.first + at])
        left[at] = share_of(sizes[token, side, 0], rule.depth_share)
    bought = spent = 0.0
    while True:
        product, step, tightest = 1.0, rule.capital_max - spent, -1
        for at in range(LEGS):
            token, side, _ = leg_of(legs[basket.first + at])
            while left[at] <= 0.0:
                at_level[at] += 1
                if at_level[at] >= sides[token, side].count:
                    return whole(bought, terms[legs[basket.first].token].lot)
                left[at] = share_of(sizes[token, side, at_level[at]], rule.depth_share)
            price = abs(levels[token, side, at_level[at]]) / PRICE_UNITS
            room = left[at] / SIZE_UNITS * (price if side == ASKS else 1.0) / product
            if room < step:
                step, tightest = room, at
            product *= rate_of(terms[token], side, price)
        if not product - 1.0 > rule.edge_min or step <= 0.0:
            break
        amount = step
        for at in range(LEGS):
            token, side, _ = leg_of(legs[basket.first + at])
            price = abs(levels[token, side, at_level[at]]) / PRICE_UNITS
            part = (amount / price if side == ASKS else amount) * SIZE_UNITS
            left[at] = 0.0 if at == tightest else left[at] - part
            bought += part if at == 0 else 0.0
            amount *= rate_of(terms[token], side, price)
        spent += step
        if tightest < 0:
            break
    return whole(bought, terms[legs[basket.first].token].lot)


@kernel
def go_round(basket, legs, house, terms, rule, size, parts, values):
    """Make the three trades in whole lots, beginning with `size`; what comes back, NaN if a venue would refuse one.

    `parts` and `values` (3,) are filled: size in SIZE_UNITS, and what it costs or brings before fees.
    """
    _, sides, levels, sizes = house
    amount = 0.0
    for at in range(LEGS):
        token, side, _ = leg_of(legs[basket.first + at])
        book, held, count, mine = levels[token, side], sizes[token, side], sides[token, side].count, terms[token]
        if at > 0 and side == ASKS:
            size = bought_for(book, held, count, amount, rule.depth_share, mine.lot)
        elif at > 0:
            size = whole(amount * SIZE_UNITS, mine.lot)
        value = value_of(book, held, count, size, rule.depth_share)
        if size < max(1, mine.minimum) or not value >= mine.value:
            return np.nan
        parts[at], values[at] = size, value
        amount = (size / SIZE_UNITS if side == ASKS else value) * (1.0 - mine.rate)
    return amount


@kernel
def assess_cycle(basket, legs, house, terms, rule, now, figures, tally):
    """Whether a cycle pays at what the books show at `now`; its figures, `size` the money that is put in."""
    books, sides, levels, _ = house
    figures.size = 0
    figures.gross = figures.fees = figures.net = figures.capital = 0.0
    figures.top = -1.0
    product = 1.0
    for at in range(basket.first, basket.first + LEGS):
        token, side, _ = leg_of(legs[at])
        if not usable(books[token], sides[token], now, rule.stale, tally) or sides[token, side].count == 0:
            return False
        product *= rate_of(terms[token], side, abs(levels[token, side, 0]) / PRICE_UNITS)
    figures.top = product - 1.0
    if not figures.top > rule.edge_min:
        return False
    parts, values = np.zeros(LEGS), np.zeros(LEGS)
    size = first_size(basket, legs, house, terms, rule)
    amount = go_round(basket, legs, house, terms, rule, size, parts, values)
    if np.isnan(amount):
        return False
    figures.capital = values[0]
    figures.size = np.int64(np.ceil(values[0] * SIZE_UNITS - 1e-3))
    figures.net = amount - values[0] - basket.gas
    between = leg_of(legs[basket.first + 1])
    # A fee in another money is worth what that cost, or will bring.
    worth = (values[0] / parts[0] if between[1] == ASKS else values[2] / parts[2]) * SIZE_UNITS
    figures.fees = values[1] * worth * terms[between[0]].rate
    for at in (0, 2):
        figures.fees += values[at] * terms[leg_of(legs[basket.first + at])[0]].rate
    figures.gross = figures.net + figures.fees + basket.gas
    return figures.net >= rule.profit_min and figures.net > 0.0
