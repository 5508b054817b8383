"""Projections: the fields by which rows are filtered, ordered and scored, so that the rest need not be decoded."""

from datetime import datetime
from decimal import Decimal

import msgspec

from domain.signals import Outcome


class SignalProjection(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a signal that lists need."""

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


class CompositeProjection(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a composite that lists need."""

    id: str
    venue: str
    symbol: str
    market_slug: str
    pattern_type: str
    direction: str
    detected_at: datetime
    composite_confidence: float


class OpportunityProjection(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of an opportunity that lists need."""

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
