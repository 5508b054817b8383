"""Arbitrage endpoints: a paged list of opportunities, and a scan of those that are open now."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from api.memory.hot_page import NO_EXPIRY, encoded_rows, hot_page
from api.memory.projections import OpportunityProjection
from api.memory.recent_rows import CachedRow, RowFilter
from api.resources import Resources
from api.rest.pagination import PAGE_SIZE_DEFAULT, FilteredListing, Page, PageParameters, PageResult, PageSize
from api.rest.params import Instant, MarketSlug, Name
from api.rest.result import Result
from domain.clock import SECOND, from_datetime
from domain.opportunities import Opportunity
from store import opportunities

PATH = "/api/v1/arbitrage/opportunities"


class OpportunitiesQuery(PageParameters, frozen=True, kw_only=True):
    """Query parameters: filters and paging of opportunities."""

    status: Annotated[Literal["open", "closed", "all"], Meta(description="Closed opportunities stay available.")] = (
        "open"
    )
    kind: Annotated[Name | None, Meta(description="Kind of arbitrage.", examples=["buy_all_no"])] = None
    group: Annotated[
        Name | None, Meta(description="Group of markets that the opportunity trades, as in its `group` field.")
    ] = None
    slug: MarketSlug | None = None
    min_edge: Annotated[float | None, Meta(description="Minimum `edge`, in dollars per set.")] = None
    min_net: Annotated[float | None, Meta(description="Minimum `net`, in dollars.")] = None
    simulated: Annotated[bool | None, Meta(description="Whether its markets are simulated.")] = None
    since: Annotated[Instant | None, Meta(description="Opened at or after this time.")] = None
    until: Annotated[Instant | None, Meta(description="Opened before this time.")] = None
    changed_since: Annotated[
        Instant | None, Meta(description="Opened, updated, closed or settled at or after this time.")
    ] = None


class ArbitrageResponse(Page, frozen=True, kw_only=True):
    """Opportunities, newest first.

    Attributes
    ----------
    opportunities
        Each with its `execution_plan` and `risk_assessment`.
    scan_time
        Time of the last change of any opportunity; null if there has never been one.
    count
        Number of opportunities on this page.
    """

    opportunities: list[Opportunity]
    scan_time: datetime | None
    count: int


class ScanQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query parameters: maximum number of opportunities."""

    limit: PageSize = PAGE_SIZE_DEFAULT


class ArbitrageScan(msgspec.Struct, frozen=True, kw_only=True):
    """Open opportunities, highest `net` first.

    Attributes
    ----------
    scan_time
        Time of the last change of any opportunity; null if there has never been one.
    age_s
        Seconds since `scan_time`. It grows while no order book changes as well as while the engine is stopped;
        `risk_assessment.staleness_ms` is the age of an opportunity's books at its last change.
    """

    opportunities: list[Opportunity]
    scan_time: datetime | None
    age_s: float | None
    count: int


async def list_opportunities(resources: Resources, query: OpportunitiesQuery) -> Result:
    """Arbitrage opportunities with execution plan and risk assessment, newest first; open ones by default.

    Amounts are exact decimals, sent as strings. Paging works as in `/api/v1/signals`.
    """
    names = ("kind", "group", "slug", "min_edge", "min_net", "simulated", "since", "until", "changed_since")
    filters = {name: getattr(query, name) for name in names}
    filters["open"] = {"open": True, "closed": False, "all": None}[query.status]
    hot_list = resources.hot_lists.opportunities

    async def render(
        result: PageResult[CachedRow[OpportunityProjection]], _: datetime
    ) -> tuple[ArbitrageResponse, datetime]:
        recent = hot_list.rows()
        scan_time = await opportunities.changed_at(resources.pool) if recent is None else hot_list.changed_at
        listed = encoded_rows(result.rows)
        return ArbitrageResponse(
            opportunities=listed, scan_time=scan_time, count=len(listed), **result.fields
        ), NO_EXPIRY

    row_filter = RowFilter.from_filters(
        filters, equal=("kind", "group", "slug", "simulated"), at_least={"min_edge": "edge", "min_net": "net"}
    )
    in_memory = query.status == "open" and query.changed_since is None
    rows = FilteredListing(resources.pool, opportunities.LISTING, filters)
    return await hot_page(resources, PATH, query, hot_list, row_filter if in_memory else None, rows, render)


async def scan(resources: Resources, query: ScanQuery) -> ArbitrageScan:
    """Open arbitrage opportunities, highest net profit first, with the age of the scan.

    The request starts no scan: the engine evaluates a basket whenever one of its order books changes, and this is
    its latest result.
    """
    recent = resources.hot_lists.opportunities.rows()
    if recent is None or recent.older_count != 0:
        listed: list[Any] = list(await opportunities.best(resources.pool, limit=query.limit))
        scan_time = await opportunities.changed_at(resources.pool)
    else:
        listed = encoded_rows(sorted(recent, key=lambda row: (-row.projection.net, row.projection.id))[: query.limit])
        scan_time = resources.hot_lists.opportunities.changed_at
    age_s = None if scan_time is None else (resources.now_ns() - from_datetime(scan_time)) / SECOND
    return ArbitrageScan(opportunities=listed, scan_time=scan_time, age_s=age_s, count=len(listed))
