"""Baskets: profit of a set of legs at the current order books, net of fees.

A basket pays at least `payoff` dollars per set in every outcome, and each traded leg may add to that. The books
are walked level by level: sets are added as long as the marginal edge, at the next prices of all legs and net of
their fees, exceeds `edge_min`. The totals are then recomputed for the size in whole lots, with the rounding of each
venue. Decimal versions of the same formulas are in `domain.fees` and `operators.appraise`; they agree to 1e-9.
"""

import numpy as np

from domain.quotes import PRICE_UNITS, SIZE_UNITS
from operators.kernels import kernel
from operators.kernels.order_book import ASKS, usable

FREE, POLYMARKET, KALSHI, NOTIONAL = range(4)
FEE_KINDS = ("none", "polymarket", "kalshi", "notional")

TERMS = np.dtype(
    [("kind", "<i8")]
    + [(name, "<f8") for name in ("rate", "moving", "exponent", "value")]
    + [(name, "<i8") for name in ("lot", "minimum")]
)
"""Terms of a token: its fee (for Kalshi, rate times multiplier), rebalancing cost as a fraction of the price
(`moving`), and minimum order value in dollars; lot size and minimum size in SIZE_UNITS."""

LEG = np.dtype(
    [(name, "<i8") for name in ("token", "side", "add", "other", "other_side", "other_add", "optional", "now", "told")]
)
"""`add` is the contribution of the leg to the payoff of a set, in PRICE_UNITS. `other` is the alternative token,
-1 if none. `now` and `told` are the current and the last published choice: SKIPPED, FIRST or OTHER."""
SKIPPED, FIRST, OTHER = range(3)

BASKET = np.dtype(
    [(name, "<i8") for name in ("first", "legs", "payoff", "least", "confirm", "cycle", "lot", "minimum")]
    + [("gas", "<f8")]
    + [(name, "<i8") for name in ("open", "sighted", "told_size", "best_size")]
    + [(name, "<f8") for name in ("told_net", "best_edge", "best_net")]
)
"""At least `least` legs must add to the payoff; `confirm` requires two sightings before the basket opens; each leg of a
`cycle` is paid for with the proceeds of the one before it. The fields from `open` on are its state."""

FIGURES = np.dtype([("size", "<i8")] + [(name, "<f8") for name in ("top", "gross", "fees", "net", "capital")])
"""Number of sets in SIZE_UNITS, edge of the first set, and totals in dollars."""

RULE = np.dtype(
    [(name, "<f8") for name in ("edge_min", "profit_min", "depth_share", "capital_max", "material")]
    + [("stale", "<i8"), ("grace", "<i8")]
)

NUDGE = 1e-9
"""Tolerance against binary rounding error: of a decimal fee exactly on a rounding boundary, and of a profit of zero."""


@kernel
def charge(terms, price, size):
    """Fee of a fill before rounding, dollars."""
    if terms.kind == FREE:
        return 0.0
    if terms.kind == NOTIONAL:
        return (terms.rate + terms.moving) * price * size
    spread = price * (1.0 - price)
    if terms.kind == POLYMARKET and terms.exponent != 1.0:
        spread = spread**terms.exponent
    return terms.rate * size * spread


@kernel
def rounded_fill(terms, fee):
    """Round the fee of a fill as Polymarket does: five decimals, zero below 0.00001."""
    if terms.kind != POLYMARKET:
        return fee
    units = fee * 1e5
    return np.floor(units + 0.5 + NUDGE) / 1e5 if units >= 1.0 - NUDGE else 0.0


@kernel
def rounded_order(terms, fee):
    """Round the fee of an order as Kalshi does: up to the next cent."""
    return np.ceil(fee * 100.0 - NUDGE) / 100.0 if terms.kind == KALSHI else fee


@kernel
def _worth(terms, side, add, price):
    """Contribution of one contract of a leg at `price` to the edge of a set, dollars."""
    fee = charge(terms, price, 1.0)
    return add / PRICE_UNITS + (-price if side == ASKS else price) - fee


@kernel
def leg_of(leg):
    """Token, side and payoff contribution of the current choice of a leg."""
    if leg.now == OTHER:
        return leg.other, leg.other_side, leg.other_add
    return leg.token, leg.side, leg.add


@kernel
def _worth_at_top(token, side, add, arrays, terms, now, stale, tally):
    books, sides, levels, _ = arrays
    if not usable(books[token], sides[token], now, stale, tally) or sides[token, side].count == 0:
        return -np.inf
    return _worth(terms[token], side, add, abs(levels[token, side, 0]) / PRICE_UNITS)


@kernel
def edge_at_top(basket, legs, arrays, terms, now, stale, tally):
    """Edge of the first set in dollars; -inf if a leg is unavailable. Selects `now` of each leg."""
    edge = basket.payoff / PRICE_UNITS
    adding = 0
    for at in range(basket.first, basket.first + basket.legs):
        leg = legs[at]
        leg.now = FIRST
        worth = _worth_at_top(leg.token, leg.side, leg.add, arrays, terms, now, stale, tally)
        if leg.other >= 0:
            other = _worth_at_top(leg.other, leg.other_side, leg.other_add, arrays, terms, now, stale, tally)
            if other > worth + NUDGE:
                worth, leg.now = other, OTHER
        if leg.optional and not worth > 0.0:
            worth, leg.now = 0.0, SKIPPED
        if worth == -np.inf:
            return worth
        edge += worth
        if leg.now != SKIPPED and leg_of(leg)[2] > 0:
            adding += 1
    return edge if adding >= basket.least else -np.inf


@kernel
def paid_upfront(basket, legs):
    """Dollars per set paid in advance, such as collateral that is split into tokens."""
    payoff = basket.payoff
    for at in range(basket.first, basket.first + basket.legs):
        if legs[at].now != SKIPPED:
            payoff += leg_of(legs[at])[2]
    return max(0, -payoff) / PRICE_UNITS


@kernel
def share_of(size, share):
    """Part of a level's size assumed to be available."""
    return np.int64(size * share)


@kernel
def sets_at_depth(basket, legs, arrays, terms, rule, cursors):
    """Number of sets with a marginal edge above `edge_min`, in whole lots; 0 below the minimum size.

    `cursors` (2, legs) is scratch: the current level of each leg, and its remaining size.
    """
    _, sides, levels, sizes = arrays
    for at in range(basket.legs):
        leg = legs[basket.first + at]
        token, side, _ = leg_of(leg)
        cursors[0, at], cursors[1, at] = 0, share_of(sizes[token, side, 0], rule.depth_share)
    total, capital = 0, 0.0
    upfront = paid_upfront(basket, legs)
    while True:
        edge = basket.payoff / PRICE_UNITS
        per_set = upfront
        step = NO_END
        exhausted = False
        for at in range(basket.legs):
            leg = legs[basket.first + at]
            if leg.now == SKIPPED:
                continue
            token, side, add = leg_of(leg)
            while cursors[1, at] == 0 and not exhausted:
                cursors[0, at] += 1
                exhausted = cursors[0, at] >= sides[token, side].count
                if not exhausted:
                    cursors[1, at] = share_of(sizes[token, side, cursors[0, at]], rule.depth_share)
            if exhausted:
                break
            price = abs(levels[token, side, cursors[0, at]]) / PRICE_UNITS
            edge += _worth(terms[token], side, add, price)
            step = min(step, cursors[1, at])
            if side == ASKS:
                per_set += price
        if exhausted or step == NO_END or not edge > rule.edge_min:
            break
        if per_set > 0.0:
            step = min(step, int((rule.capital_max - capital) / per_set * SIZE_UNITS))
        if step <= 0:
            break
        total += step
        capital += step / SIZE_UNITS * per_set
        for at in range(basket.legs):
            if legs[basket.first + at].now != SKIPPED:
                cursors[1, at] -= step
    total -= total % basket.lot
    return total if total >= basket.minimum else 0


NO_END = np.iinfo(np.int64).max


@kernel
def take_levels(levels, sizes, count, terms, size, share):
    """Walk the book from the best level to fill `size`.

    Returns
    -------
    value, fee, unfilled
        Value before fees and fee in dollars, and the unfilled size.
    """
    value = fee = 0.0
    for at in range(count):
        if size <= 0:
            break
        here = min(size, share_of(sizes[at], share))
        price, amount = abs(levels[at]) / PRICE_UNITS, here / SIZE_UNITS
        value += price * amount
        fee += rounded_fill(terms, charge(terms, price, amount))
        size -= here
    return value, rounded_order(terms, fee), size


@kernel
def total_up(basket, legs, arrays, terms, rule, figures):
    """Fill the totals of `figures.size` sets; return whether every leg meets its venue's minimum order value."""
    _, sides, levels, sizes = arrays
    sets = figures.size / SIZE_UNITS
    figures.gross = basket.payoff / PRICE_UNITS * sets
    figures.capital = paid_upfront(basket, legs) * sets
    figures.fees = 0.0
    enough = True
    for at in range(basket.first, basket.first + basket.legs):
        leg = legs[at]
        if leg.now == SKIPPED:
            continue
        token, side, add = leg_of(leg)
        value, fee, _ = take_levels(
            levels[token, side],
            sizes[token, side],
            sides[token, side].count,
            terms[token],
            figures.size,
            rule.depth_share,
        )
        figures.gross += add / PRICE_UNITS * sets + (-value if side == ASKS else value)
        figures.fees += fee
        if side == ASKS:
            figures.capital += value
        enough &= value >= terms[token].value
    figures.net = figures.gross - figures.fees - basket.gas
    return enough


@kernel
def assess(basket, legs, arrays, terms, rule, now, cursors, figures, tally):
    """Whether a basket is profitable at the books as of `now`; fills its figures."""
    figures.size = 0
    figures.gross = figures.fees = figures.net = figures.capital = 0.0
    figures.top = edge_at_top(basket, legs, arrays, terms, now, rule.stale, tally)
    if not figures.top > rule.edge_min:
        return False
    figures.size = sets_at_depth(basket, legs, arrays, terms, rule, cursors)
    if figures.size == 0:
        return False
    enough = total_up(basket, legs, arrays, terms, rule, figures)
    return enough and figures.net >= rule.profit_min and figures.net > NUDGE
