"""Signals endpoints: filtered, paged lists, and single signals by id."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta

from api.endpoints.enriched import EnrichedSignal, enriched_json, next_minute
from api.errors import NOT_FOUND, ProblemError
from api.memory.hot_page import NO_EXPIRY, JoinedData, encoded_rows, hot_page
from api.memory.projections import SignalProjection
from api.memory.recent_rows import CachedRow, RowFilter
from api.resources import Resources
from api.rest.pagination import PAGE_SIZE_DEFAULT, FilteredListing, Page, PageParameters, PageResult, PageSize
from api.rest.params import Fraction, Instant, MarketSlug, SignalType, Symbol, Timeframe, Venue, canonical_timeframe
from api.rest.result import Result
from domain.clock import to_datetime
from domain.signals import Direction, Signal
from store.signals import LISTING

SignalId = Annotated[
    str,
    Meta(pattern=r"^[0-9a-f]{32}$", description="Id of the signal.", examples=["f317ac40c85a09eee2e631720a77b947"]),
]
EQUAL = ("symbol", "venue", "timeframe", "direction", "signal_type", "mtf_aligned")


class SignalFilter(PageParameters, frozen=True, kw_only=True):
    """Query parameters that all paged lists of signals share."""

    symbol: Symbol | None = None
    venue: Venue | None = None
    timeframe: Timeframe | None = None
    direction: Annotated[Direction | None, Meta(description="Direction of the signal.")] = None
    signal_type: SignalType | None = None
    status: Annotated[
        Literal["emitted", "suppressed", "all"],
        Meta(description="Suppressed signals were not published, but are tracked to their outcome too."),
    ] = "emitted"
    min_confidence: Annotated[Fraction | None, Meta(description="Minimum `raw_confidence`.")] = None
    mtf_aligned: Annotated[bool | None, Meta(description="Whether the multi-timeframe check confirmed the signal.")] = (
        None
    )
    since: Annotated[Instant | None, Meta(description="Detected at or after this time.")] = None
    until: Annotated[Instant | None, Meta(description="Detected before this time.")] = None


class SignalsQuery(SignalFilter, frozen=True, kw_only=True):
    """Query parameters: filters and paging of signals of all markets."""

    market_slug: MarketSlug | None = None


class MarketSignalsQuery(SignalFilter, frozen=True, kw_only=True):
    """Parameters: market, filters and paging of its signals."""

    slug: MarketSlug


class NewestSignalsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query parameters: number of signals."""

    limit: PageSize = PAGE_SIZE_DEFAULT


class SignalPath(msgspec.Struct, frozen=True, kw_only=True):
    """Path parameter: id of the signal."""

    id: SignalId


class SignalsPage(Page, frozen=True, kw_only=True):
    """Signals, newest first, with their current scores."""

    signals: list[EnrichedSignal]


class NewestSignals(msgspec.Struct, frozen=True, kw_only=True):
    """Signals, newest first."""

    signals: list[Signal]


async def list_signals(resources: Resources, query: SignalsQuery) -> Result:
    """Signals of all markets, newest first.

    Without paging parameters, returns the first page and the total. `page` and `per_page` number the pages, which
    shift when new signals arrive; `cursor` continues after the previous page and never repeats or skips a signal.
    """
    return await _page(resources, "/api/v1/signals", query, query.market_slug)


async def list_market_signals(resources: Resources, query: MarketSignalsQuery) -> Result:
    """Signals of one market, newest first.

    Filters and paging work as in `/api/v1/signals`.
    """
    path = f"/api/v1/signals/market/{quote(query.slug, safe='')}"
    return await _page(resources, path, query, query.slug)


async def get_signal(resources: Resources, path: SignalPath) -> Result:
    """One signal, emitted or suppressed, with its current score, and its outcome once it has ended."""
    hot_list = resources.hot_lists.signals
    recent = hot_list.rows()
    row = None if recent is None else recent.get(path.id)
    age_s = None if row is None else hot_list.age_s
    if row is None:
        signal = await LISTING.get(resources.pool, path.id)
        if signal is None:
            raise ProblemError(NOT_FOUND, f"no signal has the id {path.id}")
        (row,) = hot_list.from_postgres([signal])
    performance = await resources.performance.current()
    return Result(enriched_json(row, performance, to_datetime(resources.now_ns())), age_s=age_s)


async def list_newest_signals(resources: Resources, query: NewestSignalsQuery) -> Result:
    """The newest emitted signals.

    Short form for older clients; `/api/v1/signals` has filters and paging.
    """

    async def render(result: PageResult[CachedRow[SignalProjection]], _: datetime) -> tuple[NewestSignals, datetime]:
        return NewestSignals(signals=encoded_rows(result.rows)), NO_EXPIRY

    paged, emitted = PageParameters(limit=query.limit), FilteredListing(resources.pool, LISTING, {"status": "emitted"})
    newest = await hot_page(resources, "/signals", paged, resources.hot_lists.signals, RowFilter(), emitted, render)
    return replace(newest, headers={})  # no Link: this list has no further pages


async def _page(resources: Resources, path: str, query: SignalFilter, market_slug: str | None) -> Result:
    performance = await resources.performance.current()
    filters = {name: getattr(query, name) for name in (*EQUAL, "min_confidence", "since", "until")}
    filters["timeframe"] = None if query.timeframe is None else canonical_timeframe(query.timeframe)
    filters["market_slug"] = market_slug
    filters["status"] = None if query.status == "all" else query.status
    row_filter = RowFilter.from_filters(
        filters, equal=(*EQUAL, "market_slug"), at_least={"min_confidence": "raw_confidence"}
    )

    async def render(result: PageResult[CachedRow[SignalProjection]], now: datetime) -> tuple[SignalsPage, datetime]:
        rows: list[Any] = [msgspec.Raw(enriched_json(row, performance, now)) for row in result.rows]
        until = min((next_minute(row.projection, now) for row in result.rows), default=NO_EXPIRY)
        return SignalsPage(signals=rows, **result.fields), until

    return await hot_page(
        resources,
        path,
        query,
        resources.hot_lists.signals,
        row_filter if query.status == "emitted" else None,
        FilteredListing(resources.pool, LISTING, filters),
        render,
        joined=JoinedData(performance.read_s, performance.read_s),
        exclude=("slug",),
    )
