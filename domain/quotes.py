"""Quote: one update of an order book, as stored in the log.

Prices and sizes are integers, so that levels compare exactly and incremental sizes add up without error: prices in
billionths of a dollar (or other quote currency), sizes in millionths of a contract (or base unit). Both represent the
values sent by prediction-market venues exactly.
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
"""Flags. MESSAGE_END marks the last row of a message of the venue: until then its books may be inconsistent and are
not evaluated; without it, the message ends at the next row with another time. CONTIGUOUS_SEQ means that the venue
numbers the messages of this book consecutively, so that a missing number is a missed message."""
_EXACT = Context(prec=28, traps=[Inexact])
_LONGEST = 19
"""Digits before the point; no whole number of 63 bits has more."""

CLEAR, LEVEL, CHANGE, TOP, DROP, TICK, READY = range(7)
"""Effect of a row on the book of its instrument.

CLEAR empties it before the levels of a snapshot; READY ends the snapshot and makes the book usable. LEVEL sets the size
at a price, where 0 removes the level. CHANGE adds to the size at a price. TOP is the venue's current best price of a
side: if the book differs, it is inconsistent. DROP makes the book unusable until the next snapshot, because the feed
was interrupted. TICK changes the tick size to `price`, which voids the book as well.
"""


def to_price(text: str | Decimal) -> int:
    """Convert a price to units of `PRICE_UNITS`.

    Raises
    ------
    ValueError
        If it is not a number, or has digits finer than a unit.

    Examples
    --------
    >>> to_price("0.514")
    514000000
    """
    return _whole(text, PRICE_UNITS)


def to_size(text: str | Decimal) -> int:
    """Convert a size to units of `SIZE_UNITS`.

    Raises
    ------
    ValueError
        If it is not a number, or has digits finer than a unit.

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
