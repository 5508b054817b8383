"""Analytics endpoints: performance of paper trades, overall and by strategy, regime and confidence."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from api.endpoints.performance_metrics import (
    ConfidenceBucket,
    Metrics,
    PerformanceMetrics,
    bucket_metrics,
    metric_fields,
    signal_type_metrics,
)
from api.resources import Resources
from api.rest.params import Symbol
from domain.executions import Execution
from store import executions, trade_days
from store.trade_days import Part

CLOSED = ("win", "loss", "even")
RECENT = 20


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Query parameters: symbol and period of the trades."""

    symbol: Symbol | None = None
    since: Annotated[date | None, Meta(description="Trades that closed on or after this day (UTC).")] = None
    until: Annotated[date | None, Meta(description="Trades that closed on or before this day (UTC).")] = None


class PerformanceResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Performance of paper trades.

    Attributes
    ----------
    overall
        Metrics of all strategies together.
    by_signal_type, by_regime
        Metrics by strategy, and by market regime at the decision.
    by_confidence
        Metrics by probability at the decision: the buckets that contain at least one trade.
    recent_trades
        The 20 newest closed trades, filtered by `symbol` but not by period.
    """

    overall: PerformanceMetrics
    by_signal_type: dict[str, PerformanceMetrics]
    by_regime: dict[str, Metrics]
    by_confidence: list[ConfidenceBucket]
    recent_trades: list[Execution]


class BySignalType(msgspec.Struct, frozen=True, kw_only=True):
    """Performance of each strategy, by name."""

    by_signal_type: dict[str, PerformanceMetrics]


class ByConfidence(msgspec.Struct, frozen=True, kw_only=True):
    """Performance by probability at the decision; trades without a probability are left out."""

    by_confidence: list[ConfidenceBucket]


async def show_performance(resources: Resources, period: Period) -> PerformanceResponse:
    """Performance of paper trades: overall, by strategy, by regime and by confidence.

    A trade counts on the day it closes.
    """
    parts = await _read(resources, period, "overall", "signal_type", "regime", "confidence")
    filters = {"symbol": period.symbol, "outcomes": list(CLOSED)}
    return PerformanceResponse(
        overall=signal_type_metrics("overall", next(iter(_of_kind(parts, "overall")), None)),
        by_signal_type=_by_name(parts),
        by_regime={part.name: Metrics(**metric_fields(part)) for part in _of_kind(parts, "regime")},
        by_confidence=[bucket_metrics(part) for part in _of_kind(parts, "confidence")],
        recent_trades=await executions.LISTING.page(resources.pool, filters, limit=RECENT),
    )


async def show_by_signal_type(resources: Resources, period: Period) -> BySignalType:
    """Performance of paper trades by strategy."""
    return BySignalType(by_signal_type=_by_name(await _read(resources, period, "signal_type")))


async def show_by_confidence(resources: Resources, period: Period) -> ByConfidence:
    """Performance of paper trades by probability at the decision, in buckets of 0.1."""
    return ByConfidence(by_confidence=[bucket_metrics(part) for part in await _read(resources, period, "confidence")])


async def _read(resources: Resources, period: Period, *kinds: trade_days.Kind) -> list[Part]:
    return await trade_days.read(
        resources.pool, kinds, symbol=period.symbol or "", since=period.since, until=period.until
    )


def _of_kind(parts: list[Part], kind: str) -> list[Part]:
    return [part for part in parts if part.kind == kind]


def _by_name(parts: list[Part]) -> dict[str, PerformanceMetrics]:
    return {part.name: signal_type_metrics(part.name, part) for part in _of_kind(parts, "signal_type")}
