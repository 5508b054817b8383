"""Ladders: markets of one event that ask whether one value will be above increasing strikes.

Mistaking other questions for a ladder would make losses look like profits, so the match is strict: apart from the
strike, questions and rules must be identical.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from domain.markets import Market

_ABOVE = re.compile(r"\b(?:above|higher than|greater than) \$?((\d[\d,]*(?:\.\d+)?)([kmbt]?))\b", re.IGNORECASE)
_AT_LEAST = re.compile(
    r"\b(?:or equal to|equal to or|at least|at or above|or above|or higher|or more)\b", re.IGNORECASE
)
_SCALES = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}


def by_questions(markets: Sequence[Market], rules: Sequence[str]) -> tuple[Market, ...]:
    """Detect a ladder from the questions of an event.

    Parameters
    ----------
    markets
        The event's markets.
    rules
        The text of their resolution rules.

    Returns
    -------
    tuple
        The markets with their strikes, the lowest first; empty if they are not a ladder.
    """
    templates, with_strikes = set(), []
    for market, rule in zip(markets, rules, strict=True):
        strikes = _ABOVE.findall(market.question)
        if len(strikes) != 1:
            return ()
        text, number, scale = strikes[0]
        templates.add((market.question.replace(text, "_"), rule.replace(text, "_")))
        strike = Decimal(number.replace(",", "")) * _SCALES[scale.lower()]
        strict = not _AT_LEAST.search(f"{market.question} {rule}")
        with_strikes.append(msgspec.structs.replace(market, strike=strike, strict=strict))
    return by_strikes(with_strikes) if len(templates) == 1 else ()


def by_strikes(markets: Sequence[Market]) -> tuple[Market, ...]:
    """Sort the markets by strike; empty unless there are at least two distinct strikes with the same close time."""
    strikes = [market.strike for market in markets if market.strike is not None]
    alike = {(market.closes_at_ns, market.strict) for market in markets}
    if len(strikes) < 2 or len(strikes) != len(markets) or len(set(strikes)) != len(strikes) or len(alike) != 1:
        return ()
    return tuple(sorted(markets, key=lambda market: market.strike or Decimal(0)))
