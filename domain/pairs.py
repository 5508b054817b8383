"""Pairs: markets of two venues that a person has found to ask the same question.

What was compared is written down with the pair: when the question is decided, at which strike, and by
which words. As long as both markets still say so, the pair is reviewed; a date that moves, another strike
or a changed word ends that until somebody has looked again. Shutdowns, deaths and records have been
resolved to opposite answers by venues whose questions read alike.
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
"""Venues stamp the end of trading, of the event or of the day; beyond a day it is another date."""


class Pair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of a mapping file.

    Attributes
    ----------
    name
        Tells it from the others; the group is `pair:<name>`.
    first, second
        Names of the markets, `venue:market id`.
    decided_at
        When the question is decided, with a time zone.
    rules
        Fingerprints of both markets' rules as they were compared, in that order.
    reviewed_by, reviewed_at
        Who compared them, and when; nobody yet if empty.
    strike, strict
        Of both; see `domain.markets.Market`.
    note
        What the two venues judge differently in corner cases, for people.
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
    """32 hex digits that stand for the words of a market's rules; the width of white space counts for nothing.

    Examples
    --------
    >>> fingerprint("Resolves to Yes   if it rains. ") == fingerprint("Resolves to Yes if it rains.")
    True
    """
    return blake2b(re.sub(r"\s+", " ", rules).strip().encode(), digest_size=16).hexdigest()


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a TOML file of `[[pair]]` tables.

    Raises
    ------
    InputError
        If it cannot be read, an entry is malformed, or a name or a market comes twice; the message
        names the file and what is wrong.
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
            raise InputError(f"{', '.join(twice)} in {str(path)!r} comes twice; keep one of them")
    return pairs


def faults(pair: Pair, first: Market, second: Market) -> list[str]:
    """Why the two markets are not, or no longer, what was reviewed; empty if they are.

    Each says what the market is now, which is what to look at, and to write down if it is found to be equal.
    """
    decided = from_datetime(pair.decided_at)
    found = [] if pair.reviewed_by else ["nobody has reviewed it"]
    for market, rules in zip((first, second), pair.rules, strict=True):
        checks = (
            (
                rules != "" and market.rules == rules,
                f"its rules are not those that were compared; now {market.rules or 'nobody tells them'}",
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
    return to_datetime(at_ns).isoformat() if at_ns > 0 else "nobody tells it"


def _strike(market: Market) -> str:
    return "none" if market.strike is None else f"{'above' if market.strict else 'at least'} {market.strike}"


def pair_group(pair: Pair, first: Market, second: Market) -> Group:
    """The group of two markets; `reviewed` if both are still what a person has compared, else with its faults.

    In a reviewed group both have the date that was found to be one.
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
