"""Triangular cycles: three consecutive trades, each paid for with the proceeds of the one before.

The first trade buys and the last sells for the same currency; the middle one buys or sells. Each book makes the
exchange rate of its trade fall with size, so the product of the three rates falls too: the amount is increased as
long as the marginal product exceeds 1 + `edge_min`. The trades are then recomputed in whole lots. Fees are a
fraction of the proceeds of each trade. The Decimal version is `operators.cycle`.
"""

import numpy as np

from domain.quotes import PRICE_UNITS, SIZE_UNITS
from operators.kernels import kernel
from operators.kernels.basket import NUDGE, leg_of, share_of
from operators.kernels.order_book import ASKS, usable

LEGS = 3
CLOSE = 1e-12
"""Relative tolerance for a size that binary rounding puts just below a whole lot."""


@kernel
def whole(size, lot):
    """Largest multiple of `lot` not above a size in SIZE_UNITS."""
    return np.int64(np.floor(size * (1.0 + CLOSE) / lot + NUDGE)) * lot


@kernel
def rate_of(terms, side, price):
    """Proceeds per unit put into a trade, net of the fee."""
    return (1.0 / price if side == ASKS else price) * (1.0 - terms.rate)


@kernel
def bought_for(levels, sizes, count, money, share, lot):
    """Largest size in whole lots that `money` buys, SIZE_UNITS."""
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
    """Value of `size` before fees; NaN if the book is too thin."""
    value = 0.0
    for at in range(count):
        if size <= 0:
            break
        here = min(size, share_of(sizes[at], share))
        value += abs(levels[at]) / PRICE_UNITS * (here / SIZE_UNITS)
        size -= here
    return value if size <= 0 else np.nan


@kernel
def first_size(basket, legs, arrays, terms, rule):
    """Size of the first trade up to which the marginal edge exceeds `edge_min`, SIZE_UNITS in whole lots."""
    _, sides, levels, sizes = arrays
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
def execute_cycle(basket, legs, arrays, terms, rule, size, parts, values):
    """Simulate the three trades in whole lots from `size`; return the proceeds, NaN if an order would be rejected.

    `parts` and `values` (3,) are filled: size in SIZE_UNITS, and value before fees.
    """
    _, sides, levels, sizes = arrays
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
def assess_cycle(basket, legs, arrays, terms, rule, now, figures, tally):
    """Whether a cycle is profitable at the books as of `now`; fills its figures, with `size` the amount put in."""
    books, sides, levels, _ = arrays
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
    size = first_size(basket, legs, arrays, terms, rule)
    amount = execute_cycle(basket, legs, arrays, terms, rule, size, parts, values)
    if np.isnan(amount):
        return False
    figures.capital = values[0]
    figures.size = np.int64(np.ceil(values[0] * SIZE_UNITS - 1e-3))
    figures.net = amount - values[0] - basket.gas
    between = leg_of(legs[basket.first + 1])
    # A fee in another currency is converted at the price of the trade that bought, or will sell, that currency.
    worth = (values[0] / parts[0] if between[1] == ASKS else values[2] / parts[2]) * SIZE_UNITS
    figures.fees = values[1] * worth * terms[between[0]].rate
    for at in (0, 2):
        figures.fees += values[at] * terms[leg_of(legs[basket.first + at])[0]].rate
    figures.gross = figures.net + figures.fees + basket.gas
    return figures.net >= rule.profit_min and figures.net > NUDGE
