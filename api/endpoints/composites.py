"""Composite signals endpoint: related signals and events combined, as a paged list."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from api.memory.hot_page import NO_EXPIRY, encoded_rows, hot_page
from api.memory.projections import CompositeProjection
from api.memory.recent_rows import CachedRow, RowFilter
from api.resources import Resources
from api.rest.pagination import FilteredListing, Page, PageParameters, PageResult
from api.rest.params import Fraction, Instant, MarketSlug, Name, Symbol, Venue
from api.rest.result import Result
from domain.composites import Composite
from store.composites import LISTING

PATH = "/api/v1/signals/composite"


class CompositesQuery(PageParameters, frozen=True, kw_only=True):
    """Query parameters: filters and paging of composites."""

    symbol: Symbol | None = None
    venue: Venue | None = None
    market_slug: MarketSlug | None = None
    pattern_type: Annotated[
        Name | None, Meta(description="Pattern that the composite matches.", examples=["volume_spike"])
    ] = None
    direction: Annotated[
        Literal["long", "short", "neutral"] | None, Meta(description="Direction of the composite.")
    ] = None
    min_confidence: Annotated[Fraction | None, Meta(description="Minimum `composite_confidence`.")] = None
    since: Annotated[Instant | None, Meta(description="Detected at or after this time.")] = None
    until: Annotated[Instant | None, Meta(description="Detected before this time.")] = None


class CompositesPage(Page, frozen=True, kw_only=True):
    """Composite signals, newest first."""

    composites: list[Composite]


async def list_composites(resources: Resources, query: CompositesQuery) -> Result:
    """Composite signals, newest first: related signals and events that match a pattern.

    Paging works as in `/api/v1/signals`.
    """
    equal = ("symbol", "pattern_type", "venue", "market_slug", "direction")
    filters = {name: getattr(query, name) for name in (*equal, "min_confidence", "since", "until")}
    row_filter = RowFilter.from_filters(filters, equal=equal, at_least={"min_confidence": "composite_confidence"})

    async def render(
        result: PageResult[CachedRow[CompositeProjection]], _: datetime
    ) -> tuple[CompositesPage, datetime]:
        return CompositesPage(composites=encoded_rows(result.rows), **result.fields), NO_EXPIRY

    rows = FilteredListing(resources.pool, LISTING, filters)
    return await hot_page(resources, PATH, query, resources.hot_lists.composites, row_filter, rows, render)
