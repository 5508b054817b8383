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
    """State of one timeframe at the decision.

    Attributes
    ----------
    direction
        1 for up, -1 for down, 0 for neither.
    strength
        Strength of the direction, in [0, 1].
    """

    direction: int
    strength: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a signal ended; null where it was never entered, because there was no trade before it expired.

    Attributes
    ----------
    outcome
        `tp_hit`: the take-profit was reached; `sl_hit`: the stop-loss was, or both within one bar; `expired`: neither.
    entry_at, exit_at
        Open time of the bar of the entry, and close time of the bar that ended the signal.
    return_pct, return_r
        Return net of fees and slippage, in percent of the entry price and in R, the planned risk.
    best_r, worst_r
        Best and worst excursion of the price between entry and exit, before costs, in R.
    duration_s
        Seconds from entry to exit.
    """

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
    """An emitted or suppressed signal. The fields of its score are null until it is scored.

    Attributes
    ----------
    id
        Hash of instrument, timeframe, strategy, direction and decision time.
    market_slug
        Slug of the market; the symbol in lower case outside prediction markets.
    signal_type
        Strategy that proposed the signal.
    timeframe
        Timeframe of the bar on which the decision was made.
    detected_at
        Time of the decision: the close of that bar.
    entry_price
        Last price at the decision. The entry itself is the first price after it.
    take_profit, stop_loss, expires_at
        Prices at which the signal ends, and the time at which it ends at the latest.
    status, suppressed_reason
        Whether it was emitted; if not, why it was suppressed.
    raw_confidence
        Confidence of the strategy, in (0, 1]; not a probability.
    mtf_aligned, mtf_score, mtf_details
        Multi-timeframe check: whether enough timeframes confirm the direction, how much they agree in [0, 1], and the
        state of each timeframe by name.
    events
        Detectors that fired on the bar of the decision.
    features
        Features of that bar by name; null while warming up.
    reason
        Explanation in one plain sentence.
    simulated
        Whether the market is simulated.
    regime
        Volatility and trend of the market at the decision, such as `quiet_up`.
    adjusted_score
        Confidence adjusted by the history of similar signals, in (0, 1).
    time_decay_factor
        Share of the evidence that remains; 1 at the decision.
    historical_boost, correlation_boost
        Log-odds added by the history of similar signals, and by confirming and opposing signals.
    risk_penalty
        Share of the rank score deducted for risk, in [0, 1).
    final_score
        Rank score, 0 to 100.
    ranking
        Rank among the open emitted signals at the decision; 1 is the best.
    probability
        Calibrated probability that the return is above 0, net of costs.
    expected_value_r
        Expected return in R, net of costs.
    model_version
        Version of the model that evaluated the signal; null without a model.
    correlations
        Ids of related signals of the same instrument.
    outcome
        How the signal ended; null while it is open.
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
    """What a detector found on one closed bar.

    Attributes
    ----------
    detector
        Name of the detector.
    direction
        1 for up, -1 for down, 0 for neither.
    strength
        Strength of the event, in (0, 1].
    detected_at
        Close time of the bar.
    simulated
        Whether the market is simulated.
    """

    id: str
    venue: str
    symbol: str
    timeframe: str
    detector: str
    direction: int
    strength: float
    detected_at: datetime
    simulated: bool
