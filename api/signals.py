"""Signals over REST: lists by filter, one by its id."""

from typing import Annotated, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta

from api.errors import NOT_FOUND, ProblemError
from api.operation import Answer
from api.paging import SIZE, CursorText, next_link, read_cursor, write_cursor
from api.params import Instant, Name, Share, Timeframe, frame_name
from api.resources import Resources
from domain.signals import Direction, Signal
from store import signals
from store.signals import Cursor, SignalFilter

Size = Annotated[int, Meta(ge=1, le=1000)]
PageNumber = Annotated[int, Meta(ge=1, le=1000)]
SignalId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$", examples=["f317ac40c85a09eee2e631720a77b947"])]


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Which signals, and how many at a time."""

    symbol: Name | None = None
    venue: Name | None = None
    timeframe: Timeframe | None = None
    direction: Direction | None = None
    signal_type: Annotated[Name | None, Meta(description="The strategy.")] = None
    status: Annotated[
        Literal["emitted", "suppressed", "all"],
        Meta(description="Suppressed signals were not announced, but are followed to their outcome all the same."),
    ] = "emitted"
    min_confidence: Annotated[Share | None, Meta(description="Least `raw_confidence`.")] = None
    mtf_aligned: bool | None = None
    since: Annotated[Instant | None, Meta(description="Detected then or later.")] = None
    until: Annotated[Instant | None, Meta(description="Detected before.")] = None
    limit: Annotated[Size | None, Meta(description="At most so many signals; leaves `total` out.")] = None
    cursor: Annotated[CursorText | None, Meta(description="`next_cursor` of another page; leaves `total` out.")] = None
    page: Annotated[PageNumber | None, Meta(description="Counted from the newest, or from `cursor`.")] = None
    per_page: Annotated[Size | None, Meta(description="At most so many signals to a page.")] = None

    def filter(self, market_slug: str | None) -> SignalFilter:
        """The same for the store."""
        return SignalFilter(
            symbol=self.symbol,
            venue=self.venue,
            market_slug=market_slug,
            timeframe=None if self.timeframe is None else frame_name(self.timeframe),
            direction=self.direction,
            signal_type=self.signal_type,
            status=None if self.status == "all" else self.status,
            min_confidence=self.min_confidence,
            mtf_aligned=self.mtf_aligned,
            since=self.since,
            until=self.until,
        )


class ChosenOfAll(Chosen, frozen=True, kw_only=True):
    """Which signals of all markets."""

    market_slug: Name | None = None


class ChosenOfMarket(Chosen, frozen=True, kw_only=True):
    """Which signals of one market."""

    slug: Name


class Newest(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the newest."""

    limit: Size = SIZE


class WhichSignal(msgspec.Struct, frozen=True, kw_only=True):
    """Which signal."""

    id: SignalId


class SignalsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Signals, newest first.

    Attributes
    ----------
    total
        How many pass the filter; null if `limit` or `cursor` was given, since counting is what makes
        deep lists slow.
    page, per_page
        Where this page stands, and the most it can hold.
    next_cursor
        Give it as `cursor` to go on; null on the last page. The header `Link` holds the whole address.
    """

    signals: list[Signal]
    total: int | None
    page: int
    per_page: int
    next_cursor: str | None


class NewestSignals(msgspec.Struct, frozen=True, kw_only=True):
    """Signals, newest first."""

    signals: list[Signal]


async def list_signals(resources: Resources, chosen: ChosenOfAll) -> Answer:
    """Signals of all markets, newest first.

    Without paging parameters, the first page and the total. `page` and `per_page` go on by number, and
    shift when new signals arrive; `cursor` goes on by place, and never repeats or skips a signal.
    """
    return await _page(resources, "/api/v1/signals", chosen, chosen.filter(chosen.market_slug))


async def list_market_signals(resources: Resources, chosen: ChosenOfMarket) -> Answer:
    """Signals of one market, newest first.

    Filters and paging are those of `/api/v1/signals`.
    """
    path = f"/api/v1/signals/market/{quote(chosen.slug, safe='')}"
    return await _page(resources, path, chosen, chosen.filter(chosen.slug))


async def get_signal(resources: Resources, which: WhichSignal) -> Signal:
    """One signal, emitted or suppressed, with its outcome once it has one."""
    signal = await signals.one(resources.pool, which.id)
    if signal is None:
        raise ProblemError(NOT_FOUND, f"no signal has the id {which.id}")
    return signal


async def list_newest_signals(resources: Resources, newest: Newest) -> NewestSignals:
    """The newest emitted signals.

    The short form that older clients know; `/api/v1/signals` has filters and pages.
    """
    return NewestSignals(signals=await signals.page(resources.pool, SignalFilter(), limit=newest.limit))


async def _page(resources: Resources, path: str, chosen: Chosen, filter_: SignalFilter) -> Answer:
    size = min((size for size in (chosen.limit, chosen.per_page) if size is not None), default=SIZE)
    number = 1 if chosen.page is None else chosen.page
    before = None if chosen.cursor is None else read_cursor(chosen.cursor)
    # One more than asked for tells whether there is a next page.
    found = await signals.page(resources.pool, filter_, limit=size + 1, before=before, offset=(number - 1) * size)
    counted = chosen.limit is None and chosen.cursor is None
    total = await signals.count(resources.pool, filter_) if counted else None
    shown, more = found[:size], len(found) > size
    next_cursor = write_cursor(Cursor(shown[-1].detected_at, shown[-1].id)) if more else None
    body = SignalsPage(signals=shown, total=total, page=number, per_page=size, next_cursor=next_cursor)
    if next_cursor is None:
        return Answer(body)
    if chosen.page is None:
        following = msgspec.structs.replace(chosen, limit=size, per_page=None, cursor=next_cursor)
    else:
        following = msgspec.structs.replace(chosen, page=number + 1)
    return Answer(body, next_link(path, following, without=("slug",)))
