"""Signal, Event and Outcome: the public records in Postgres, on the feed and in the API.

One definition serves all three, so they cannot drift apart. Times are aware datetimes in UTC, encoded as RFC 3339;
an unknown value is null, never zero.
"""

from datetime import datetime
from typing import Literal

import msgspec

Direction = Literal["long", "short"]
Status = Literal["emitted", "suppressed"]
OutcomeName = Literal["tp_hit", "sl_hit", "expired"]


class FrameView(msgspec.Struct, frozen=True):
    """State of one timeframe at the decision: direction in {-1, 0, 1} and strength in [0, 1]."""

    direction: int
    strength: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a signal ended. Returns are net of fees and slippage; null if there was no trade before it expired."""

    signal_id: str
    outcome: OutcomeName
    entry_at: datetime | None
    exit_at: datetime
    entry_price: float | None
    exit_price: float | None
    return_pct: float | None
    return_r: float | None
    best_r: float | None
    worst_r: float | None
    duration_s: float | None


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """An emitted or suppressed signal.

    `raw_confidence` is the confidence of the strategy; the score fields are null until the signal is scored.
    `outcome` is null while the signal is open.
    """

    id: str
    venue: str
    symbol: str
    market_slug: str
    signal_type: str
    timeframe: str
    direction: Direction
    detected_at: datetime
    entry_price: float
    take_profit: float
    stop_loss: float
    expires_at: datetime
    status: Status
    suppressed_reason: str | None
    raw_confidence: float
    mtf_aligned: bool
    mtf_score: float
    mtf_details: dict[str, FrameView]
    events: list[str]
    features: dict[str, float | None]
    reason: str
    simulated: bool
    regime: str | None = None
    adjusted_score: float | None = None
    time_decay_factor: float | None = None
    historical_boost: float | None = None
    correlation_boost: float | None = None
    risk_penalty: float | None = None
    final_score: float | None = None
    ranking: int | None = None
    probability: float | None = None
    expected_value_r: float | None = None
    model_version: str | None = None
    correlations: list[str] = []
    outcome: Outcome | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What a detector found on one closed bar."""

    id: str
    venue: str
    symbol: str
    timeframe: str
    detector: str
    direction: int
    strength: float
    detected_at: datetime
    simulated: bool
