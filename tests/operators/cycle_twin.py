"""Naive reference of a cycle: tries every number of lots against the whole depth."""

from collections.abc import Sequence
from decimal import Decimal as D
from fractions import Fraction as F
from typing import NamedTuple

Ladder = list[tuple[D, D]]
"""Price and size of each level, best first."""


class Trade(NamedTuple):
    """What is done, from which levels, at which fee and in which lots."""

    side: str
    ladder: Ladder
    fee: D
    lot: D


def deep(trade: Trade, amount: F) -> F | None:
    """What comes of an amount that is put in whole, lots aside; None if the book ends before."""
    got = F(0)
    for price, size in ((F(p), F(s)) for p, s in trade.ladder):
        part = min(size, amount / price if trade.side == "buy" else amount)
        amount -= part * price if trade.side == "buy" else part
        got += part if trade.side == "buy" else part * price
    return None if amount > 0 else got * (1 - F(trade.fee))


def cost(ladder: Ladder, size: D) -> D | None:
    """What a size costs, or brings."""
    total = D(0)
    for price, here in ladder:
        total += price * min(size, here)
        size -= min(size, here)
    return None if size > 0 else total


def best(trades: Sequence[Trade], edge_min: D) -> int:
    """The number of lots of the first trade by which most is won above `edge_min`."""
    lot, most, chosen = trades[0].lot, F(0), 0
    for lots in range(1, int(sum(size for _, size in trades[0].ladder) / lot) + 1):
        spent = cost(trades[0].ladder, lots * lot)
        amount: F | None = F(lots * lot) * (1 - F(trades[0].fee))
        for trade in trades[1:]:
            amount = None if amount is None else deep(trade, amount)
        if spent is None or amount is None:
            break
        won = amount - F(spent) * (1 + F(edge_min))
        if won > most:
            most, chosen = won, lots
    return chosen


def round_trip(trades: Sequence[Trade], size: D) -> tuple[list[D], D]:
    """Sizes of the trades in whole lots, and the money that is won."""
    spent = cost(trades[0].ladder, size)
    assert spent is not None
    sizes, amount = [size], size * (1 - trades[0].fee)
    for trade in trades[1:]:
        lots = 0
        while True:
            value = cost(trade.ladder, (lots + 1) * trade.lot)
            needed = value if trade.side == "buy" else (lots + 1) * trade.lot
            if value is None or needed is None or needed > amount:
                break
            lots += 1
        sizes.append(lots * trade.lot)
        value = cost(trade.ladder, sizes[-1])
        assert value is not None
        amount = (sizes[-1] if trade.side == "buy" else value) * (1 - trade.fee)
    return sizes, amount - spent
