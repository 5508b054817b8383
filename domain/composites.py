"""Composite: related signals, events and other evidence, combined into one signal."""

from datetime import datetime
from typing import Literal

import msgspec
import numpy as np

from domain.signals import Direction

COMPONENTS = 8
"""Maximum number of components of a composite; the strongest are kept."""

SIGNAL, EVENT, WHALE, ARBITRAGE = 0, 1, 2, 3
KINDS = ("signal", "event", "whale", "arbitrage")
"""Kinds of component."""

COMPOSITE = np.dtype(
    [
        ("ts", "<i8"),  # decision instant
        ("instrument", "<i8"),
        ("direction", "i1"),  # +1 long, -1 short, 0 neither
        ("components", "i1"),  # how many there are
        ("pattern", "<i2"),  # index into the catalogue, file-name order
        ("regime", "<i2"),  # index into REGIMES
        ("spare", "<i2"),
        ("composite_confidence", "<f8"),  # calibrated probability, (0, 1)
        ("correlation_score", "<f8"),  # agreement of the components, [0, 1]
        ("expected_return", "<f8"),  # in R, net of costs; NaN if nothing was graded yet
        ("risk_score", "<f8"),  # [0, 1], 1 is the most risk
        ("statistic", "<f8"),  # what the pattern measured; its meaning is the pattern's
        ("component_kind", "u1", (COMPONENTS,)),
        ("component_direction", "i1", (COMPONENTS,)),
        ("component_idea", "<i2", (COMPONENTS,)),  # strategy of a signal, detector of an event
        ("component_frame", "<i2", (COMPONENTS,)),
        ("component_ts", "<i8", (COMPONENTS,)),
        ("component_instrument", "<i8", (COMPONENTS,)),
        ("component_weight", "<f8", (COMPONENTS,)),  # its share in the confidence, log-odds
    ]
)


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of evidence in a composite.

    Attributes
    ----------
    kind
        `signal`, `event`, `whale` or `arbitrage`.
    id
        Id of the signal or event; other evidence has an id of its own.
    name
        Strategy of a signal, detector of an event; the kind of other evidence.
    direction
        1 for up, -1 for down, 0 for neither.
    weight
        Contribution to the confidence, in log-odds; 0 for evidence without a track record, such as an arbitrage: it
        completes a pattern but does not change the odds.
    """

    kind: str
    id: str
    name: str
    direction: int
    detected_at: datetime
    weight: float


class Composite(msgspec.Struct, frozen=True, kw_only=True):
    """A composite signal: related evidence that matches a pattern.

    Attributes
    ----------
    market_slug
        Slug of the market; the symbol in lower case outside prediction markets.
    pattern_type
        Name of the pattern.
    component_signals
        The evidence, at most 8 components.
    composite_confidence
        Calibrated probability, in (0, 1).
    correlation_score
        Agreement of the components, in [0, 1].
    expected_return
        In R, net of costs; null until signals have been graded.
    risk_score
        In [0, 1], where 1 is the highest risk.
    regime
        Volatility and trend of the market, such as `quiet_up`.
    reason
        Explanation in one plain sentence.
    simulated
        Whether the market is simulated.
    """

    id: str
    venue: str
    symbol: str
    market_slug: str
    pattern_type: str
    direction: Direction | Literal["neutral"]
    detected_at: datetime
    component_signals: list[Component]
    composite_confidence: float
    correlation_score: float
    expected_return: float | None
    risk_score: float
    regime: str
    reason: str
    simulated: bool
