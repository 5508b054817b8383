"""Composite signals over REST: signals that belong together, page by page."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from api.memory.heads import CompositeHead
from api.memory.hot_page import NEVER, hot_page, raw
from api.memory.recent import Kept, Wanted
from api.resources import Resources
from api.rest.pagination import FilteredListing, Page, PageParameters, PageResult
from api.rest.params import Fraction, Instant, Name
from api.rest.result import Result
from domain.composites import Composite
from store.composites import LISTING

PATH = "/api/v1/signals/composite"


class ChosenComposites(PageParameters, frozen=True, kw_only=True):
    """Which composites, and how many at a time."""

    symbol: Name | None = None
    venue: Name | None = None
    market_slug: Name | None = None
    pattern_type: Annotated[Name | None, Meta(examples=["volume_spike"])] = None
    direction: Literal["long", "short", "neutral"] | None = None
    min_confidence: Annotated[Fraction | None, Meta(description="Least `composite_confidence`.")] = None
    since: Annotated[Instant | None, Meta(description="Detected then or later.")] = None
    until: Annotated[Instant | None, Meta(description="Detected before.")] = None


class CompositesPage(Page, frozen=True, kw_only=True):
    """Composite signals, newest first."""

    composites: list[Composite]


async def list_composites(resources: Resources, chosen: ChosenComposites) -> Result:
    """Composite signals, newest first: signals and events that belong together, with their pattern.

    Paging is that of `/api/v1/signals`.
    """
    equal = ("symbol", "pattern_type", "venue", "market_slug", "direction")
    filters = {name: getattr(chosen, name) for name in (*equal, "min_confidence", "since", "until")}
    wanted = Wanted.of(filters, equal=equal, least={"min_confidence": "composite_confidence"})

    async def render(result: PageResult[Kept[CompositeHead]], _: datetime) -> tuple[CompositesPage, datetime]:
        return CompositesPage(composites=raw(result.rows), **result.fields), NEVER

    rows = FilteredListing(resources.pool, LISTING, filters)
    return await hot_page(resources, PATH, chosen, resources.hot.composites, wanted, rows, render)
