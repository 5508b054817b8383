"""Events over REST: what detectors noticed, page by page."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from api.resources import Resources
from api.rest.answer import Answer
from api.rest.paging import SIZE, CursorText, Size, next_link, read_cursor, write_cursor
from api.rest.params import Instant, Name, Timeframe, frame_name
from domain.signals import Event
from store import events
from store.signals import Cursor

PATH = "/api/v1/events"


class ChosenEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Which events, and how many."""

    symbol: Name | None = None
    timeframe: Timeframe | None = None
    detector: Name | None = None
    since: Annotated[Instant | None, Meta(description="Noticed then or later.")] = None
    limit: Size = SIZE
    cursor: Annotated[CursorText | None, Meta(description="`next_cursor` of another page.")] = None


class EventsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Events, newest first; `next_cursor` is null on the last page."""

    events: list[Event]
    next_cursor: str | None


async def list_events(resources: Resources, chosen: ChosenEvents) -> Answer:
    """What detectors noticed, newest first."""
    filters: dict[str, Any] = {"symbol": chosen.symbol, "detector": chosen.detector, "since": chosen.since}
    found = await events.page(
        resources.pool,
        limit=chosen.limit + 1,
        timeframe=None if chosen.timeframe is None else frame_name(chosen.timeframe),
        before=None if chosen.cursor is None else read_cursor(chosen.cursor),
        **filters,
    )
    shown = found[: chosen.limit]
    if len(found) <= chosen.limit:
        return Answer(EventsPage(events=shown, next_cursor=None))
    cursor = write_cursor(Cursor(shown[-1].detected_at, shown[-1].id))
    following = msgspec.structs.replace(chosen, cursor=cursor)
    return Answer(EventsPage(events=shown, next_cursor=cursor), next_link(PATH, following))
