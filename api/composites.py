"""Composite signals over REST: signals that belong together, page by page."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from api.operation import Answer
from api.paging import Page, Paged, turn
from api.params import Instant, Name, Share
from api.resources import Resources
from domain.composites import Composite
from store.composites import LISTING
from store.signals import Cursor

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
    names = ("symbol", "venue", "market_slug", "pattern_type", "direction", "min_confidence", "since", "until")
    filters = {name: getattr(chosen, name) for name in names}

    async def read(**page: Any) -> list[Composite]:
        return await LISTING.page(resources.pool, filters, **page)

    async def count() -> int | None:
        return await LISTING.count(resources.pool, filters)

    turned = await turn(PATH, chosen, read, count, lambda composite: Cursor(composite.detected_at, composite.id))
    return Answer(CompositesPage(composites=list(turned.rows), **turned.fields), turned.headers)
