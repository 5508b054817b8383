"""Facts: single things that venues say, checked."""

from decimal import Decimal
from functools import lru_cache

from domain.clock import DAY, parse_iso
from domain.errors import InputError
from domain.instruments import check_name, instrument_id

EARLIEST_NS = 365 * DAY
LATEST_NS = (1 << 63) - 1


class UnusableError(ValueError):
    """A message cannot be used; says why."""


UNREADABLE = (ValueError, RecursionError)
"""What decoding raises: `UnusableError` and msgspec's errors are ValueErrors, and text may be nested too deep."""


def number_of(name: str) -> int:
    """The number of an instrument.

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
    """`value` if it lies between `low` and `high`, both included.

    Raises
    ------
    UnusableError
        If it does not, or is no number.
    """
    if not (value.is_finite() and Decimal(low) <= value <= Decimal(high)):
        raise UnusableError(f"{what} is not between {low} and {high}")
    return value


def due_ns(text: str | None) -> int:
    """When a market is due; 0 if that is not told, or was before 1971."""
    at_ns = min(parse_iso(text), LATEST_NS) if text else 0
    return at_ns if at_ns >= EARLIEST_NS else 0


@lru_cache(maxsize=100_000)
def _number(name: str) -> int | None:
    try:
        return instrument_id(check_name(name))
    except InputError:
        return None
