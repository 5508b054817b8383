"""Paper trades over REST: those that ended, page by page, and those that are open."""

from typing import Annotated

import msgspec
from msgspec import Meta

from api.endpoints.analytics import CLOSED
from api.resources import Resources
from api.rest.pagination import FilteredListing, Page, PageParameters, paginate
from api.rest.params import Instant, Name
from api.rest.result import Result
from domain.executions import Execution, TradeState
from domain.signals import Direction
from store import executions, trade_days

POSITIONS = 1_000
PATH = "/api/v1/analytics/trades"


class ChosenTrades(PageParameters, frozen=True, kw_only=True):
    """Which trades, and how many at a time."""

    symbol: Name | None = None
    signal_type: Annotated[Name | None, Meta(description="The strategy.")] = None
    direction: Direction | None = None
    outcome: Annotated[TradeState | None, Meta(description="Those that won, lost or broke even, unless given.")] = None
    since: Annotated[Instant | None, Meta(description="Decided then or later.")] = None
    until: Annotated[Instant | None, Meta(description="Decided before.")] = None


class ChosenPositions(msgspec.Struct, frozen=True, kw_only=True):
    """Which open trades."""

    symbol: Name | None = None
    signal_type: Annotated[Name | None, Meta(description="The strategy.")] = None


class TradesPage(Page, frozen=True, kw_only=True):
    """Paper trades by the instant of their decision, newest first; `total` is that of the sums where they know it."""

    trades: list[Execution]


class OpenPositions(msgspec.Struct, frozen=True, kw_only=True):
    """Trades that are planned or open, newest first, as of their last change."""

    positions: list[Execution]
    count: int


async def list_trades(resources: Resources, chosen: ChosenTrades) -> Result:
    """Paper trades, newest first. No order stands behind any of them.

    Paging is that of `/api/v1/signals`.
    """
    filters = {
        "symbol": chosen.symbol,
        "signal_type": chosen.signal_type,
        "direction": chosen.direction,
        "outcomes": list(CLOSED) if chosen.outcome is None else [chosen.outcome],
        "since": chosen.since,
        "until": chosen.until,
    }
    is_summed = (chosen.direction, chosen.outcome, chosen.since, chosen.until) == (None, None, None, None)
    rows = (_Summed if is_summed else FilteredListing)(resources.pool, executions.LISTING, filters)
    result = await paginate(PATH, chosen, rows)
    return Result(TradesPage(trades=list(result.rows), **result.fields), result.headers)


async def list_open_positions(resources: Resources, chosen: ChosenPositions) -> OpenPositions:
    """Paper trades that have not ended, the newest 1,000 of them."""
    filters = {"symbol": chosen.symbol, "signal_type": chosen.signal_type, "open": True}
    found = await executions.LISTING.page(resources.pool, filters, limit=POSITIONS)
    return OpenPositions(positions=found, count=len(found))


class _Summed(FilteredListing[Execution]):
    """Trades that ended, all or of one symbol or strategy: the sums know how many without counting."""

    async def count(self) -> int:
        name = self.filters["signal_type"] or "overall"
        kind: trade_days.Kind = "overall" if self.filters["signal_type"] is None else "signal_type"
        parts = await trade_days.read(self.pool, [kind], symbol=self.filters["symbol"] or "")
        return int(sum(part.trades for part in parts if part.name == name))
