"""Heads: what lists look at in a row that is shown as it came, so that the rest of it need not be decoded."""

from datetime import datetime
from decimal import Decimal

import msgspec

from domain.signals import Outcome


class SignalHead(msgspec.Struct, frozen=True, kw_only=True):
    """What lists look at in a signal."""

    id: str
    venue: str
    symbol: str
    market_slug: str
    signal_type: str
    timeframe: str
    direction: str
    detected_at: datetime
    raw_confidence: float
    mtf_aligned: bool
    adjusted_score: float | None
    historical_boost: float | None
    correlation_boost: float | None
    risk_penalty: float | None
    final_score: float | None
    ranking: int | None
    outcome: Outcome | None


class CompositeHead(msgspec.Struct, frozen=True, kw_only=True):
    """What lists look at in a composite."""

    id: str
    venue: str
    symbol: str
    market_slug: str
    pattern_type: str
    direction: str
    detected_at: datetime
    composite_confidence: float


class OpportunityHead(msgspec.Struct, frozen=True, kw_only=True):
    """What lists look at in an opportunity."""

    id: str
    kind: str
    group: str
    slug: str
    revision: int
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    edge: float
    net: Decimal
    simulated: bool
