"""Events over REST: what detectors noticed, page by page."""

from typing import Annotated

from msgspec import Meta

from api.resources import Resources
from api.rest.pagination import FilteredListing, Page, PageParameters, paginate
from api.rest.params import Instant, Name, Timeframe, canonical_timeframe
from api.rest.result import Result
from domain.signals import Event
from store.events import LISTING

PATH = "/api/v1/events"
Sense = Annotated[int, Meta(ge=-1, le=1, description="1 up, -1 down, 0 neither.")]


class ChosenEvents(PageParameters, frozen=True, kw_only=True):
    """Which events, and how many at a time."""

    symbol: Name | None = None
    venue: Name | None = None
    timeframe: Timeframe | None = None
    detector: Annotated[Name | None, Meta(examples=["breakout"])] = None
    direction: Sense | None = None
    since: Annotated[Instant | None, Meta(description="Noticed then or later.")] = None
    until: Annotated[Instant | None, Meta(description="Noticed before.")] = None


class EventsPage(Page, frozen=True, kw_only=True):
    """Events, newest first."""

    events: list[Event]


async def list_events(resources: Resources, chosen: ChosenEvents) -> Result:
    """What detectors noticed, newest first.

    Paging is that of `/api/v1/signals`.
    """
    names = ("symbol", "venue", "detector", "direction", "since", "until")
    filters = {name: getattr(chosen, name) for name in names}
    filters["timeframe"] = None if chosen.timeframe is None else canonical_timeframe(chosen.timeframe)
    result = await paginate(PATH, chosen, FilteredListing(resources.pool, LISTING, filters))
    return Result(EventsPage(events=list(result.rows), **result.fields), result.headers)
