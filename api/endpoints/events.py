"""Events endpoint: a paged list of what detectors found."""

from typing import Annotated

from msgspec import Meta

from api.resources import Resources
from api.rest.pagination import FilteredListing, Page, PageParameters, paginate
from api.rest.params import Instant, Name, Symbol, Timeframe, Venue, canonical_timeframe
from api.rest.result import Result
from domain.signals import Event
from store.events import LISTING

PATH = "/api/v1/events"
EventDirection = Annotated[int, Meta(ge=-1, le=1, description="1 for up, -1 for down, 0 for neither.")]


class EventsQuery(PageParameters, frozen=True, kw_only=True):
    """Query parameters: filters and paging of events."""

    symbol: Symbol | None = None
    venue: Venue | None = None
    timeframe: Timeframe | None = None
    detector: Annotated[Name | None, Meta(description="Detector of the event.", examples=["breakout"])] = None
    direction: EventDirection | None = None
    since: Annotated[Instant | None, Meta(description="Detected at or after this time.")] = None
    until: Annotated[Instant | None, Meta(description="Detected before this time.")] = None


class EventsPage(Page, frozen=True, kw_only=True):
    """Events, newest first."""

    events: list[Event]


async def list_events(resources: Resources, query: EventsQuery) -> Result:
    """Events found by detectors, newest first.

    Paging works as in `/api/v1/signals`.
    """
    names = ("symbol", "venue", "detector", "direction", "since", "until")
    filters = {name: getattr(query, name) for name in names}
    filters["timeframe"] = None if query.timeframe is None else canonical_timeframe(query.timeframe)
    result = await paginate(PATH, query, FilteredListing(resources.pool, LISTING, filters))
    return Result(EventsPage(events=list(result.rows), **result.fields), result.headers)
