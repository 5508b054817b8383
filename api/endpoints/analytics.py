"""Analytics over REST: what paper trades earned, by strategy, by regime and by confidence."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from api.endpoints.track_record import ConfidenceBucket, Metrics, PerformanceMetrics, metrics, of_bucket, of_signal_type
from api.resources import Resources
from api.rest.params import Name
from domain.executions import Execution
from store import executions, trade_days
from store.trade_days import Part

CLOSED = ("win", "loss", "even")
RECENT = 20


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Which trades."""

    symbol: Name | None = None
    since: Annotated[date | None, Meta(description="Ended on this day (UTC) or later.")] = None
    until: Annotated[date | None, Meta(description="Ended on this day (UTC) or before.")] = None


class PerformanceResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What paper trades earned.

    `by_confidence` holds the buckets in which there is a trade. `recent_trades` are the newest that ended,
    of the symbol if one was given, whatever the period.
    """

    overall: PerformanceMetrics
    by_signal_type: dict[str, PerformanceMetrics]
    by_regime: dict[str, Metrics]
    by_confidence: list[ConfidenceBucket]
    recent_trades: list[Execution]


class BySignalType(msgspec.Struct, frozen=True, kw_only=True):
    """What the trades of each strategy earned, by name."""

    by_signal_type: dict[str, PerformanceMetrics]


class ByConfidence(msgspec.Struct, frozen=True, kw_only=True):
    """What trades earned by their probability at the decision; those that had none are left out."""

    by_confidence: list[ConfidenceBucket]


async def show_performance(resources: Resources, period: Period) -> PerformanceResponse:
    """What paper trades earned: all of them, by strategy, by regime and by confidence.

    Trades count on the day they end.
    """
    parts = await _read(resources, period, "overall", "signal_type", "regime", "confidence")
    chosen = {"symbol": period.symbol, "outcomes": list(CLOSED)}
    return PerformanceResponse(
        overall=of_signal_type("overall", next(iter(_of(parts, "overall")), None)),
        by_signal_type=_by_name(parts),
        by_regime={part.name: Metrics(**metrics(part)) for part in _of(parts, "regime")},
        by_confidence=[of_bucket(part) for part in _of(parts, "confidence")],
        recent_trades=await executions.LISTING.page(resources.pool, chosen, limit=RECENT),
    )


async def show_by_signal_type(resources: Resources, period: Period) -> BySignalType:
    """What the paper trades of each strategy earned."""
    return BySignalType(by_signal_type=_by_name(await _read(resources, period, "signal_type")))


async def show_by_confidence(resources: Resources, period: Period) -> ByConfidence:
    """What paper trades earned by their probability at the decision, in buckets of a tenth."""
    return ByConfidence(by_confidence=[of_bucket(part) for part in await _read(resources, period, "confidence")])


async def _read(resources: Resources, period: Period, *kinds: trade_days.Kind) -> list[Part]:
    return await trade_days.read(
        resources.pool, kinds, symbol=period.symbol or "", since=period.since, until=period.until
    )


def _of(parts: list[Part], kind: str) -> list[Part]:
    return [part for part in parts if part.kind == kind]


def _by_name(parts: list[Part]) -> dict[str, PerformanceMetrics]:
    return {part.name: of_signal_type(part.name, part) for part in _of(parts, "signal_type")}
