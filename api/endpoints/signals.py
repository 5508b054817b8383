"""Signals over REST: lists by filter, one by its id."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta

from api.endpoints.enriched import EnrichedSignal, enriched_json, next_minute
from api.errors import NOT_FOUND, ProblemError
from api.memory.heads import SignalHead
from api.memory.hot_page import NEVER, Stands, hot_page, raw
from api.memory.recent import Kept, Wanted
from api.resources import Resources
from api.rest.pagination import PAGE_SIZE_DEFAULT, FilteredListing, Page, PageParameters, PageResult, PageSize
from api.rest.params import Fraction, Instant, Name, Timeframe, canonical_timeframe
from api.rest.result import Result
from domain.clock import to_datetime
from domain.signals import Direction, Signal
from store.signals import LISTING

SignalId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$", examples=["f317ac40c85a09eee2e631720a77b947"])]
EQUAL = ("symbol", "venue", "timeframe", "direction", "signal_type", "mtf_aligned")


class Chosen(PageParameters, frozen=True, kw_only=True):
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
    min_confidence: Annotated[Fraction | None, Meta(description="Least `raw_confidence`.")] = None
    mtf_aligned: bool | None = None
    since: Annotated[Instant | None, Meta(description="Detected then or later.")] = None
    until: Annotated[Instant | None, Meta(description="Detected before.")] = None


class ChosenOfAll(Chosen, frozen=True, kw_only=True):
    """Which signals of all markets."""

    market_slug: Name | None = None


class ChosenOfMarket(Chosen, frozen=True, kw_only=True):
    """Which signals of one market."""

    slug: Name


class Newest(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the newest."""

    limit: PageSize = PAGE_SIZE_DEFAULT


class WhichSignal(msgspec.Struct, frozen=True, kw_only=True):
    """Which signal."""

    id: SignalId


class SignalsPage(Page, frozen=True, kw_only=True):
    """Signals, newest first, with their scores as of now."""

    signals: list[EnrichedSignal]


class NewestSignals(msgspec.Struct, frozen=True, kw_only=True):
    """Signals, newest first."""

    signals: list[Signal]


async def list_signals(resources: Resources, chosen: ChosenOfAll) -> Result:
    """Signals of all markets, newest first.

    Without paging parameters, the first page and the total. `page` and `per_page` go on by number, and
    shift when new signals arrive; `cursor` goes on by place, and never repeats or skips a signal.
    """
    return await _page(resources, "/api/v1/signals", chosen, chosen.market_slug)


async def list_market_signals(resources: Resources, chosen: ChosenOfMarket) -> Result:
    """Signals of one market, newest first.

    Filters and paging are those of `/api/v1/signals`.
    """
    path = f"/api/v1/signals/market/{quote(chosen.slug, safe='')}"
    return await _page(resources, path, chosen, chosen.slug)


async def get_signal(resources: Resources, which: WhichSignal) -> Result:
    """One signal, emitted or suppressed, with its score as of now, and its outcome once it has one."""
    hot = resources.hot.signals
    recent = hot.recent()
    kept = None if recent is None else recent.get(which.id)
    age_s = None if kept is None else hot.age_s
    if kept is None:
        signal = await LISTING.one(resources.pool, which.id)
        if signal is None:
            raise ProblemError(NOT_FOUND, f"no signal has the id {which.id}")
        (kept,) = hot.of_postgres([signal])
    known = await resources.standing.known()
    return Result(enriched_json(kept, known, to_datetime(resources.now_ns())), age_s=age_s)


async def list_newest_signals(resources: Resources, newest: Newest) -> Result:
    """The newest emitted signals.

    The short form that older clients know; `/api/v1/signals` has filters and pages.
    """

    async def render(result: PageResult[Kept[SignalHead]], _: datetime) -> tuple[NewestSignals, datetime]:
        return NewestSignals(signals=raw(result.rows)), NEVER

    asked, emitted = PageParameters(limit=newest.limit), FilteredListing(resources.pool, LISTING, {"status": "emitted"})
    answer = await hot_page(resources, "/signals", asked, resources.hot.signals, Wanted(), emitted, render)
    return replace(answer, headers={})  # it has no pages to lead to


async def _page(resources: Resources, path: str, chosen: Chosen, market_slug: str | None) -> Result:
    known = await resources.standing.known()
    filters = {name: getattr(chosen, name) for name in (*EQUAL, "min_confidence", "since", "until")}
    filters["timeframe"] = None if chosen.timeframe is None else canonical_timeframe(chosen.timeframe)
    filters["market_slug"] = market_slug
    filters["status"] = None if chosen.status == "all" else chosen.status
    wanted = Wanted.of(filters, equal=(*EQUAL, "market_slug"), least={"min_confidence": "raw_confidence"})

    async def render(result: PageResult[Kept[SignalHead]], now: datetime) -> tuple[SignalsPage, datetime]:
        rows: list[Any] = [msgspec.Raw(enriched_json(kept, known, now)) for kept in result.rows]
        until = min((next_minute(kept.row, now) for kept in result.rows), default=NEVER)
        return SignalsPage(signals=rows, **result.fields), until

    return await hot_page(
        resources,
        path,
        chosen,
        resources.hot.signals,
        wanted if chosen.status == "emitted" else None,
        FilteredListing(resources.pool, LISTING, filters),
        render,
        stands=Stands(known.read_s, known.read_s),
        exclude=("slug",),
    )
