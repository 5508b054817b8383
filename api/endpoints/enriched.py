"""Enriched: a signal with its score as of now, and with what its strategy earned so far."""

from datetime import datetime, timedelta

import msgspec

from api.endpoints.standing import Known
from api.endpoints.track_record import PerformanceMetrics
from api.memory.heads import SignalHead
from api.memory.recent import Kept
from domain.decay import aged_probability, aged_score, share_left
from domain.signals import Signal


class SignalScore(msgspec.Struct, frozen=True, kw_only=True):
    """The score of a signal as of the last full minute; null until the signal is scored.

    The fields of the same names in the signal itself are those at the decision.

    Attributes
    ----------
    raw_confidence
        The strategy's own.
    adjusted_score
        With the record of its kind; fades towards the rate at which all signals win.
    time_decay_factor
        Share of the evidence that age has left: it loses 0.1 an hour, continuously.
    historical_boost, correlation_boost
        Log-odds that the record of its kind, and confirming and opposing signals, added.
    risk_penalty
        Share of the rank that was taken away.
    final_score
        The rank score, 0 to 100, times the decay.
    ranking
        1 was the best of the open emitted signals at the decision.
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
    """A signal with its score as of now.

    `correlations` are ids of related signals; `historical_performance` is what the trades of its
    strategy earned so far, null before the first has ended.
    """

    score: SignalScore
    historical_performance: PerformanceMetrics | None


def enriched_json(kept: Kept[SignalHead], known: Known, now: datetime) -> bytes:
    """The JSON of an `EnrichedSignal`, around that of the signal, which is encoded once for all answers."""
    figures = known.encoded.get(kept.row.signal_type, b"null")
    scored = msgspec.json.encode(score(kept.row, known.base_rate, now))
    return b'%b,"score":%b,"historical_performance":%b}' % (kept.encoded[:-1], scored, figures)


def next_minute(signal: SignalHead, now: datetime) -> datetime:
    """When its score will be another."""
    return now + timedelta(seconds=60 - (now - signal.detected_at).total_seconds() % 60)


def score(signal: Signal | SignalHead, base_rate: float, now: datetime) -> SignalScore:
    """The score of `signal` at the last full minute of its age, so that an answer stays the same for a minute.

    Parameters
    ----------
    base_rate
        Share of all signals that win, in (0, 1).
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
