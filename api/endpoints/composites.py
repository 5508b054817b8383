"""Composite signals over REST: signals that belong together, page by page."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from api.memory.heads import CompositeHead
from api.memory.hot_page import NEVER, hot_page, raw
from api.memory.recent import Kept, Wanted
from api.resources import Resources
from api.rest.answer import Answer
from api.rest.paging import Page, Paged, Turned
from api.rest.params import Instant, Name, Share
from domain.composites import Composite
from store.composites import LISTING
from store.listing import COUNTED

PATH = "/api/v1/signals/composite"


class ChosenComposites(Paged, frozen=True, kw_only=True):
    """Which composites, and how many at a time."""

    symbol: Name | None = None
    venue: Name | None = None
    market_slug: Name | None = None
    pattern_type: Annotated[Name | None, Meta(examples=["volume_spike"])] = None
    direction: Literal["long", "short", "neutral"] | None = None
    min_confidence: Annotated[Share | None, Meta(description="Least `composite_confidence`.")] = None
    since: Annotated[Instant | None, Meta(description="Detected then or later.")] = None
    until: Annotated[Instant | None, Meta(description="Detected before.")] = None


class CompositesPage(Page, frozen=True, kw_only=True):
    """Composite signals, newest first; `total` is null above 100,000."""

    composites: list[Composite]


async def list_composites(resources: Resources, chosen: ChosenComposites) -> Answer:
    """Composite signals, newest first: signals and events that belong together, with their pattern.

    Paging is that of `/api/v1/signals`.
    """
    equal = ("symbol", "pattern_type", "venue", "market_slug", "direction")
    filters = {name: getattr(chosen, name) for name in (*equal, "min_confidence", "since", "until")}
    wanted = Wanted(
        tuple((name, filters[name]) for name in equal if filters[name] is not None),
        () if chosen.min_confidence is None else (("composite_confidence", chosen.min_confidence),),
        chosen.since,
        chosen.until,
    )

    async def read(**page: Any) -> list[Composite]:
        return await LISTING.page(resources.pool, filters, **page)

    async def count() -> int | None:
        return await LISTING.count(resources.pool, filters)

    async def render(turned: Turned[Kept[CompositeHead]], _: datetime) -> tuple[CompositesPage, datetime]:
        return CompositesPage(composites=raw(turned.rows), **turned.fields), NEVER

    hot = resources.hot.composites
    return await hot_page(resources, PATH, chosen, hot, wanted, read, count, render, total_max=COUNTED)
