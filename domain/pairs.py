"""Pairs: manually reviewed mappings of equivalent markets on two venues.

The reviewed terms are stored with the pair: decision date, strike, and settlement rules. The pair is valid as long as
both markets match these terms; a changed date, strike or rule invalidates it until it is reviewed again. Markets on
shutdowns, deaths and records have been resolved to opposite outcomes by venues with similarly worded questions.
"""

import re
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path

import msgspec

from domain.clock import DAY, from_datetime, to_datetime
from domain.errors import InputError
from domain.markets import Group, Market

TOLERANCE_NS = DAY
"""Tolerance of the date: venues publish the end of trading, of the event or of the day."""


class Pair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of a mapping file.

    Attributes
    ----------
    name
        Unique name; the group is `pair:<name>`.
    first, second
        Names of the markets, `venue:market id`.
    decided_at
        Decision date of the question, with a time zone.
    rules
        Fingerprints of the reviewed rules of both markets, in that order.
    reviewed_by, reviewed_at
        Reviewer and time of the review; not reviewed if empty.
    strike, strict
        Of both markets; see `domain.markets.Market`.
    note
        Human-readable differences of the two venues in edge cases.
    """

    name: str
    first: str
    second: str
    decided_at: datetime
    rules: tuple[str, str]
    reviewed_by: str = ""
    reviewed_at: datetime | None = None
    strike: Decimal | None = None
    strict: bool = True
    note: str = ""


class _Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pair: list[Pair] = []


def fingerprint(rules: str) -> str:
    """Hash of the text of a market's rules, 32 hex digits; white space is normalised.

    Examples
    --------
    >>> fingerprint("Resolves to Yes   if it rains. ") == fingerprint("Resolves to Yes if it rains.")
    True
    """
    return blake2b(re.sub(r"\s+", " ", rules).strip().encode(), digest_size=16).hexdigest()


def read_pairs(path: Path) -> list[Pair]:
    """Read the pairs of a TOML file of `[[pair]]` tables.

    Raises
    ------
    InputError
        If it cannot be read, an entry is malformed, or a name or a market is duplicated; the message
        names the file and the problem.
    """
    try:
        pairs = msgspec.toml.decode(path.read_bytes(), type=_Mapping).pair
    except (OSError, msgspec.MsgspecError) as problem:
        raise InputError(f"mapping of pairs {str(path)!r} cannot be used: {problem}") from problem
    for pair in pairs:
        if pair.decided_at.tzinfo is None:
            raise InputError(f"pair {pair.name!r} in {str(path)!r}: decided_at has no time zone; add Z")
    for what in ([pair.name for pair in pairs], [name for pair in pairs for name in (pair.first, pair.second)]):
        if twice := sorted({name for name in what if what.count(name) > 1}):
            raise InputError(f"{', '.join(twice)} in {str(path)!r} is duplicated; keep one of them")
    return pairs


def faults(pair: Pair, first: Market, second: Market) -> list[str]:
    """Differences between the two markets and the reviewed terms; empty if there are none.

    Each contains the current value, which is to be reviewed, and stored in the pair if it is accepted.
    """
    decided = from_datetime(pair.decided_at)
    found = [] if pair.reviewed_by else ["it is not reviewed"]
    for market, rules in zip((first, second), pair.rules, strict=True):
        checks = (
            (
                rules != "" and market.rules == rules,
                f"its rules differ from the reviewed ones; now {market.rules or 'unknown'}",
            ),
            (
                market.closes_at_ns > 0 and abs(market.closes_at_ns - decided) <= TOLERANCE_NS,
                f"its date differs; now {_date(market.closes_at_ns)}",
            ),
            (
                (market.strike, market.strict) == (pair.strike, pair.strict),
                f"its strike differs; now {_strike(market)}",
            ),
        )
        found += [f"{market.name}: {fault}" for passed, fault in checks if not passed]
    return found


def _date(at_ns: int) -> str:
    return to_datetime(at_ns).isoformat() if at_ns > 0 else "unknown"


def _strike(market: Market) -> str:
    return "none" if market.strike is None else f"{'above' if market.strict else 'at least'} {market.strike}"


def pair_group(pair: Pair, first: Market, second: Market) -> Group:
    """Group of the two markets; `reviewed` if both match the reviewed terms, otherwise with its faults.

    In a reviewed group both markets have the reviewed date.
    """
    found = faults(pair, first, second)
    if not found:
        decided = from_datetime(pair.decided_at)
        first, second = (msgspec.structs.replace(market, closes_at_ns=decided) for market in (first, second))
    return Group(
        name=f"pair:{pair.name}",
        slug=pair.name,
        title=first.question,
        kind="pair",
        markets=(first, second),
        reviewed=not found,
        faults=tuple(found),
    )
