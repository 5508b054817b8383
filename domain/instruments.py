"""Instruments: `venue:symbol` names, their stable 63-bit hash, and the shard that owns each.

The hash needs no coordination: every process on every machine computes the same. It is cut to 63
bits so that it fits a signed 64-bit column in numpy and in Postgres.
"""

from hashlib import blake2b

from domain.errors import InputError

SHARDS = 24
"""Shards of the log. 24 divides evenly among 1, 2, 3, 4, 6, 8, 12 or 24 workers."""


def check_name(name: str) -> str:
    """Validate a name of the form `venue:symbol` and return it.

    Raises
    ------
    InputError
        If the venue or the symbol is missing, or the name is longer than 200 characters or holds
        white space or a character that does not print.
    """
    venue, colon, symbol = name.partition(":")
    if not (venue and colon and symbol) or len(name) > 200 or " " in name or not name.isprintable():
        raise InputError(f"instrument {name!r} is not venue:symbol; write it like binance:BTCUSDT")
    return name


def instrument_id(name: str) -> int:
    """The instrument's number on the hot path, in [0, 2**63).

    Examples
    --------
    >>> instrument_id("binance:BTCUSDT")
    2031280039854288808
    """
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") >> 1


def shard_of(instrument: int) -> int:
    """The shard that owns the instrument, in [0, SHARDS)."""
    return instrument % SHARDS


def symbol_of(name: str) -> str:
    """`BTCUSDT` of `binance:BTCUSDT`."""
    return name.partition(":")[2]


def venue_of(name: str) -> str:
    """`binance` of `binance:BTCUSDT`."""
    return name.partition(":")[0]
