"""Quote: one step in the life of an order book, as it travels in the log.

Prices and sizes are whole numbers, so that levels compare exactly and sizes that are told as changes
add up without error: prices in billionths of a dollar (or other quote currency), sizes in millionths
of a contract (or base unit). Both hold what venues of prediction markets send, to the last digit.
"""

from contextlib import suppress
from decimal import Context, Decimal, Inexact

import numpy as np

QUOTE = np.dtype(
    [
        ("ts", "<i8"),  # event time, ns UTC
        ("received_at", "<i8"),  # ns UTC; ts if unknown
        ("instrument", "<i8"),  # domain.instruments.instrument_id of the outcome's token
        ("price", "<i8"),  # in PRICE_UNITS; 0 where the kind has none, or the side is empty
        ("size", "<i8"),  # in SIZE_UNITS
        ("seq", "<i8"),  # venue's sequence number; NO_SEQ if it has none
        ("side", "i1"),  # BID or ASK
        ("kind", "u1"),
        ("flags", "<u2"),
        ("spare", "<u4"),
    ]
)
PRICE_UNITS, SIZE_UNITS = 1_000_000_000, 1_000_000
NO_SEQ = -1
BID, ASK = 1, -1
MESSAGE_END, CONTIGUOUS_SEQ = 1, 2
"""Flags. MESSAGE_END stands on the last row of a message of the venue: until then its books may contradict
each other, and nobody looks at them; without it the message ends where a row with another time begins.
CONTIGUOUS_SEQ says that the venue counts this book's messages one by one, so a missing number is a missed
message."""
_EXACT = Context(prec=28, traps=[Inexact])
_LONGEST = 19
"""Digits before the point; no whole number of 63 bits has more."""

CLEAR, LEVEL, CHANGE, TOP, DROP, TICK, READY = range(7)
"""What a row does to the book of its instrument.

CLEAR empties it, ahead of the levels of a snapshot; READY ends that snapshot, and the book is good.
LEVEL sets the size at a price, 0 takes the level away. CHANGE adds to the size at a price. TOP is what
the venue says the best price of a side is now: where ours differs, the book is wrong. DROP makes the
book unusable until the next snapshot: the feed was interrupted. TICK says that the price grid is now
`price`, which voids the book as well.
"""


def to_price(text: str | Decimal) -> int:
    """A price in units of `PRICE_UNITS`.

    Raises
    ------
    ValueError
        If it is no number, or has digits finer than a unit.

    Examples
    --------
    >>> to_price("0.514")
    514000000
    """
    return _whole(text, PRICE_UNITS)


def to_size(text: str | Decimal) -> int:
    """A size in units of `SIZE_UNITS`.

    Raises
    ------
    ValueError
        If it is no number, or has digits finer than a unit.

    Examples
    --------
    >>> to_size("217.39")
    217390000
    """
    return _whole(text, SIZE_UNITS)


def _whole(text: str | Decimal, units: int) -> int:
    try:
        value = Decimal(text)
    except (ArithmeticError, ValueError):
        value = Decimal("NaN")
    if not value.is_finite():
        raise ValueError(f"{text!r} is not a number")
    if value.adjusted() < _LONGEST:  # int() takes half a minute for a million digits
        with suppress(Inexact):
            scaled = _EXACT.multiply(value, units)
            if (whole := int(scaled)) == scaled and abs(whole) < 1 << 63:
                return whole
    raise ValueError(f"{text!r} does not fit whole numbers of 1/{units}")
