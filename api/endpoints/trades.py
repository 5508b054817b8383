"""Paper trades endpoints: a paged list of closed trades, and the open positions."""

from typing import Annotated

import msgspec
from msgspec import Meta

from api.endpoints.analytics import CLOSED
from api.resources import Resources
from api.rest.pagination import FilteredListing, Page, PageParameters, paginate
from api.rest.params import Instant, SignalType, Symbol
from api.rest.result import Result
from domain.executions import Execution, TradeState
from domain.signals import Direction
from store import executions, trade_days

POSITIONS_MAX = 1_000
PATH = "/api/v1/analytics/trades"


class TradesQuery(PageParameters, frozen=True, kw_only=True):
    """Query parameters: filters and paging of trades."""

    symbol: Symbol | None = None
    signal_type: SignalType | None = None
    direction: Annotated[Direction | None, Meta(description="Direction of the trade.")] = None
    outcome: Annotated[TradeState | None, Meta(description="By default, trades that won, lost or broke even.")] = None
    since: Annotated[Instant | None, Meta(description="Decided at or after this time.")] = None
    until: Annotated[Instant | None, Meta(description="Decided before this time.")] = None


class PositionsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query parameters: filters of open positions."""

    symbol: Symbol | None = None
    signal_type: SignalType | None = None


class TradesPage(Page, frozen=True, kw_only=True):
    """Paper trades by decision time, newest first; `total` is read from stored sums where they have it."""

    trades: list[Execution]


class OpenPositions(msgspec.Struct, frozen=True, kw_only=True):
    """Planned and open trades, newest first, as of their last update."""

    positions: list[Execution]
    count: int


async def list_trades(resources: Resources, query: TradesQuery) -> Result:
    """Paper trades, newest first. No real orders are involved.

    Paging works as in `/api/v1/signals`.
    """
    filters = {
        "symbol": query.symbol,
        "signal_type": query.signal_type,
        "direction": query.direction,
        "outcomes": list(CLOSED) if query.outcome is None else [query.outcome],
        "since": query.since,
        "until": query.until,
    }
    is_summed = (query.direction, query.outcome, query.since, query.until) == (None, None, None, None)
    rows = (_CountedBySums if is_summed else FilteredListing)(resources.pool, executions.LISTING, filters)
    result = await paginate(PATH, query, rows)
    return Result(TradesPage(trades=list(result.rows), **result.fields), result.headers)


async def list_open_positions(resources: Resources, query: PositionsQuery) -> OpenPositions:
    """Paper trades that are not closed yet, at most the newest 1,000."""
    filters = {"symbol": query.symbol, "signal_type": query.signal_type, "open": True}
    positions = await executions.LISTING.page(resources.pool, filters, limit=POSITIONS_MAX)
    return OpenPositions(positions=positions, count=len(positions))


class _CountedBySums(FilteredListing[Execution]):
    """Closed trades, of all or of one symbol or strategy: the total comes from stored sums, without counting rows."""

    async def count(self) -> int:
        name = self.filters["signal_type"] or "overall"
        kind: trade_days.Kind = "overall" if self.filters["signal_type"] is None else "signal_type"
        parts = await trade_days.read(self.pool, [kind], symbol=self.filters["symbol"] or "")
        return int(sum(part.trades for part in parts if part.name == name))
