"""Composite: signals, events and other evidence that belong together, as one signal."""

from datetime import datetime
from typing import Literal

import msgspec
import numpy as np

from domain.signals import Direction

COMPONENTS = 8
"""The most components one composite names; the strongest are kept."""

SIGNAL, EVENT, WHALE, ARBITRAGE = 0, 1, 2, 3
KINDS = ("signal", "event", "whale", "arbitrage")
"""What a component is."""

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
    """One piece of evidence in a composite; `weight` its share in the confidence, log-odds.

    That share is 0 of evidence without a record, such as an arbitrage: it answers a pattern's need and says
    nothing of the odds. `id` is that of the signal or event; other evidence has one of its own, and its kind
    for a name.
    """

    kind: str
    id: str
    name: str
    direction: int
    detected_at: datetime
    weight: float


class Composite(msgspec.Struct, frozen=True, kw_only=True):
    """A composite signal as it leaves the process.

    `composite_confidence` is a calibrated probability; `expected_return` is in R, net of costs, null
    while nothing was graded; `risk_score` is in [0, 1], 1 the most.
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
