"""Fields: validation of single values in venues' messages."""

from decimal import Decimal
from functools import lru_cache

from domain.clock import DAY, parse_iso
from domain.errors import InputError
from domain.instruments import check_name, instrument_id

EARLIEST_NS = 365 * DAY
LATEST_NS = (1 << 63) - 1


class UnusableError(ValueError):
    """A message is invalid, for the given reason."""


UNREADABLE = (ValueError, RecursionError)
"""Errors of decoding: `UnusableError` and msgspec's errors are ValueErrors, and JSON may be nested too deeply."""


def number_of(name: str) -> int:
    """The numeric id of an instrument.

    Raises
    ------
    UnusableError
        If its name is malformed.
    """
    number = _number(name)
    if number is None:
        raise UnusableError("token is missing or malformed")
    return number


def within(value: Decimal, low: str, high: str, what: str) -> Decimal:
    """Return `value` if it is between `low` and `high`, inclusive.

    Raises
    ------
    UnusableError
        If it is not, or is not finite.
    """
    if not (value.is_finite() and Decimal(low) <= value <= Decimal(high)):
        raise UnusableError(f"{what} is not between {low} and {high}")
    return value


def due_ns(text: str | None) -> int:
    """Close time of a market in ns; 0 if it is missing or before 1971."""
    at_ns = min(parse_iso(text), LATEST_NS) if text else 0
    return at_ns if at_ns >= EARLIEST_NS else 0


@lru_cache(maxsize=100_000)
def _number(name: str) -> int | None:
    try:
        return instrument_id(check_name(name))
    except InputError:
        return None
