"""Arbitrage over REST: opportunities page by page, and those that are open as they stand now."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from api.memory.heads import OpportunityHead
from api.memory.hot_page import NEVER, hot_page, raw
from api.memory.recent import Kept, Wanted
from api.resources import Resources
from api.rest.pagination import PAGE_SIZE_DEFAULT, FilteredListing, Page, PageParameters, PageResult, PageSize
from api.rest.params import Instant, Name
from api.rest.result import Result
from domain.clock import SECOND, from_datetime
from domain.opportunities import Opportunity
from store import opportunities

PATH = "/api/v1/arbitrage/opportunities"


class ChosenOpportunities(PageParameters, frozen=True, kw_only=True):
    """Which opportunities, and how many at a time."""

    status: Annotated[Literal["open", "closed", "all"], Meta(description="Closed ones are kept.")] = "open"
    kind: Annotated[Name | None, Meta(examples=["buy_all_no"])] = None
    group: Annotated[Name | None, Meta(description="The markets it stands on, as `group` names them.")] = None
    slug: Name | None = None
    min_edge: Annotated[float | None, Meta(description="Least `edge`, in dollars a set.")] = None
    min_net: Annotated[float | None, Meta(description="Least `net`, in dollars.")] = None
    simulated: bool | None = None
    since: Annotated[Instant | None, Meta(description="Opened then or later.")] = None
    until: Annotated[Instant | None, Meta(description="Opened before.")] = None
    changed_since: Annotated[Instant | None, Meta(description="Opened, updated, closed or judged then or later.")] = (
        None
    )


class ArbitrageResponse(Page, frozen=True, kw_only=True):
    """Opportunities, newest first.

    Attributes
    ----------
    opportunities
        Each with its `execution_plan`, and in `risk_assessment` what speaks against it.
    scan_time
        When any opportunity changed last; null if there never was one.
    count
        How many are on this page.
    """

    opportunities: list[Opportunity]
    scan_time: datetime | None
    count: int


class AskedScan(msgspec.Struct, frozen=True, kw_only=True):
    """How many opportunities at most."""

    limit: PageSize = PAGE_SIZE_DEFAULT


class ArbitrageScan(msgspec.Struct, frozen=True, kw_only=True):
    """Opportunities that are open, what brings most first.

    Attributes
    ----------
    scan_time
        When any opportunity changed last; null if there never was one.
    age_s
        Seconds from `scan_time` until now. Books in which nothing changes make it grow as an engine that stands
        still does; `risk_assessment.staleness_ms` says how old the books of each were when it changed.
    """

    opportunities: list[Opportunity]
    scan_time: datetime | None
    age_s: float | None
    count: int


async def list_opportunities(resources: Resources, chosen: ChosenOpportunities) -> Result:
    """Arbitrage opportunities with their plans and risks, newest first; those that are open, unless asked otherwise.

    Amounts are exact decimals, as text. Paging is that of `/api/v1/signals`.
    """
    names = ("kind", "group", "slug", "min_edge", "min_net", "simulated", "since", "until", "changed_since")
    filters = {name: getattr(chosen, name) for name in names}
    filters["open"] = {"open": True, "closed": False, "all": None}[chosen.status]
    hot = resources.hot.opportunities

    async def render(result: PageResult[Kept[OpportunityHead]], _: datetime) -> tuple[ArbitrageResponse, datetime]:
        recent = hot.recent()
        scan_time = await opportunities.changed_at(resources.pool) if recent is None else hot.changed_at
        found = raw(result.rows)
        return ArbitrageResponse(opportunities=found, scan_time=scan_time, count=len(found), **result.fields), NEVER

    wanted = Wanted.of(
        filters, equal=("kind", "group", "slug", "simulated"), least={"min_edge": "edge", "min_net": "net"}
    )
    in_memory = chosen.status == "open" and chosen.changed_since is None
    rows = FilteredListing(resources.pool, opportunities.LISTING, filters)
    return await hot_page(resources, PATH, chosen, hot, wanted if in_memory else None, rows, render)


async def scan(resources: Resources, asked: AskedScan) -> ArbitrageScan:
    """What is open now, what brings most first, and how old that knowledge is.

    The engine looks at a basket whenever one of its books changes, so there is no scan to begin: this is what its
    last look found.
    """
    recent = resources.hot.opportunities.recent()
    if recent is None or recent.beneath != 0:
        found: list[Any] = list(await opportunities.best(resources.pool, limit=asked.limit))
        scan_time = await opportunities.changed_at(resources.pool)
    else:
        found = raw(sorted(recent, key=lambda kept: (-kept.row.net, kept.row.id))[: asked.limit])
        scan_time = resources.hot.opportunities.changed_at
    age_s = None if scan_time is None else (resources.now_ns() - from_datetime(scan_time)) / SECOND
    return ArbitrageScan(opportunities=found, scan_time=scan_time, age_s=age_s, count=len(found))
