"""Polymarket: names, sides and timestamps, shared by all of its feeds."""

from domain.clock import MILLISECOND, SECOND
from flows.venues.fields import LATEST_NS, UnusableError

SIDES = {"BUY": 1, "SELL": -1}


def name_of(number: str) -> str:
    """The name of a token (an instrument), of a market by its condition id, or of an event by its id.

    Examples
    --------
    >>> name_of("123")
    'polymarket:123'
    """
    return f"polymarket:{number}"


def side_of(text: str) -> int:
    """+1 for BUY, -1 for SELL.

    Raises
    ------
    UnusableError
        If it is neither.
    """
    side = SIDES.get(text)
    if side is None:
        raise UnusableError(f"side {text[:20]!r} is neither BUY nor SELL")
    return side


def from_ms(stamp: int) -> int:
    """Nanoseconds of a timestamp in milliseconds.

    Raises
    ------
    UnusableError
        If it is out of range.
    """
    return _scaled(stamp, MILLISECOND)


def from_s(stamp: int) -> int:
    """Nanoseconds of a timestamp in seconds.

    Raises
    ------
    UnusableError
        If it is out of range.
    """
    return _scaled(stamp, SECOND)


def _scaled(stamp: int, unit_ns: int) -> int:
    if not 0 < stamp <= LATEST_NS // unit_ns:
        raise UnusableError("timestamp is out of range")
    return stamp * unit_ns
