"""Enriched signals: a signal with its current score and the past performance of its strategy."""

from datetime import datetime, timedelta

import msgspec

from api.endpoints.performance_cache import PerformanceSnapshot
from api.endpoints.performance_metrics import PerformanceMetrics
from api.memory.projections import SignalProjection
from api.memory.recent_rows import CachedRow
from domain.decay import aged_probability, aged_score, share_left
from domain.signals import Signal


class SignalScore(msgspec.Struct, frozen=True, kw_only=True):
    """Score of a signal at the last full minute of its age; fields are null until the signal is scored.

    The fields of the same name in the signal itself are the values at the decision.

    Attributes
    ----------
    raw_confidence
        Confidence of the strategy.
    adjusted_score
        Confidence adjusted by the history of similar signals; decays towards the win rate of all signals.
    time_decay_factor
        Share of the evidence that remains at this age: it decays continuously by 0.1 per hour.
    historical_boost, correlation_boost
        Log-odds added by the history of similar signals, and by confirming and opposing signals.
    risk_penalty
        Share of the rank score deducted for risk.
    final_score
        Rank score, 0 to 100, times `time_decay_factor`.
    ranking
        Rank among the open emitted signals at the decision; 1 is the best.
    """

    signal_id: str
    raw_confidence: float
    adjusted_score: float | None
    time_decay_factor: float
    historical_boost: float | None
    correlation_boost: float | None
    risk_penalty: float | None
    final_score: float | None
    ranking: int | None


class EnrichedSignal(Signal, frozen=True, kw_only=True):
    """A signal with its current score.

    Attributes
    ----------
    score
        The score now; the fields of the same name in the signal are the values at the decision.
    historical_performance
        Performance of its strategy's paper trades so far; null before the first has closed.
    """

    score: SignalScore
    historical_performance: PerformanceMetrics | None


def enriched_json(row: CachedRow[SignalProjection], performance: PerformanceSnapshot, now: datetime) -> bytes:
    """Encode an `EnrichedSignal`, reusing the JSON of the signal, which is encoded once for all responses."""
    metrics = performance.encoded.get(row.projection.signal_type, b"null")
    scored = msgspec.json.encode(score(row.projection, performance.base_rate, now))
    return b'%b,"score":%b,"historical_performance":%b}' % (row.encoded[:-1], scored, metrics)


def next_minute(signal: SignalProjection, now: datetime) -> datetime:
    """When the score of `signal` changes next."""
    return now + timedelta(seconds=60 - (now - signal.detected_at).total_seconds() % 60)


def score(signal: Signal | SignalProjection, base_rate: float, now: datetime) -> SignalScore:
    """Compute the score of `signal` at the last full minute of its age, so that responses are stable for a minute.

    Parameters
    ----------
    base_rate
        Win rate of all signals, in (0, 1).
    """
    age_s = (now - signal.detected_at).total_seconds()
    share = share_left(age_s - age_s % 60)
    adjusted, final = signal.adjusted_score, signal.final_score
    if adjusted is not None and 0 < adjusted < 1:
        adjusted = aged_probability(adjusted, base_rate, share)
    return SignalScore(
        signal_id=signal.id,
        raw_confidence=signal.raw_confidence,
        adjusted_score=adjusted,
        time_decay_factor=share,
        historical_boost=signal.historical_boost,
        correlation_boost=signal.correlation_boost,
        risk_penalty=signal.risk_penalty,
        final_score=None if final is None else aged_score(final, share),
        ranking=signal.ranking,
    )
