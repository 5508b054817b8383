"""Market data endpoints: instruments, closed bars, and the latest features of each timeframe."""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Meta

from api.errors import INVALID_PARAMETER, NOT_FOUND, Fault, ProblemError
from api.resources import Resources
from api.rest.pagination import PAGE_SIZE_DEFAULT, PageSize, next_link
from api.rest.params import Instant, Name, Symbol, Timeframe, Venue, canonical_timeframe
from api.rest.result import Result
from store import bars, instruments
from store.bars import Bar

INSTRUMENTS = "/api/v1/instruments"
VENUES_MAX = 20


class BarsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters: symbol, timeframe, venue and paging of bars."""

    symbol: Symbol
    timeframe: Timeframe
    venue: Annotated[Venue | None, Meta(description="Required only if several venues trade the symbol.")] = None
    before: Annotated[
        Instant | None, Meta(description="Bars that opened before this time; pass `next_before` of the previous page.")
    ] = None
    limit: PageSize = PAGE_SIZE_DEFAULT


class FeaturesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters: symbol and timeframe of the features."""

    symbol: Symbol
    timeframe: Timeframe


class InstrumentsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query parameters: filter and paging of instruments."""

    symbol: Symbol | None = None
    after: Annotated[
        Name | None, Meta(description="Instruments after this name; pass `next_after` of the previous page.")
    ] = None
    limit: PageSize = PAGE_SIZE_DEFAULT


class Bars(msgspec.Struct, frozen=True, kw_only=True):
    """Closed bars, newest first; `next_before` is null on the last page."""

    instrument: str
    timeframe: str
    bars: list[Bar]
    next_before: datetime | None


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """Features of the latest closed bar; those still warming up are left out."""

    instrument: str
    timeframe: str
    close_time: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    features: dict[str, float]


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """A traded instrument.

    Attributes
    ----------
    name
        `venue:symbol`.
    id
        Hash of the name, of 63 bits; a decimal string, since many JSON parsers round integers above 2^53.
    market_slug
        The market it belongs to; the symbol in lower case outside prediction markets.
    simulated
        Whether its prices are simulated.
    """

    name: str
    id: Annotated[str, Meta(pattern="^[0-9]{1,19}$", examples=["2031280039854288808"])]
    venue: str
    symbol: str
    market_slug: str
    simulated: bool


class Instruments(msgspec.Struct, frozen=True, kw_only=True):
    """Instruments by name; `next_after` is null on the last page."""

    instruments: list[Instrument]
    next_after: str | None


async def list_bars(resources: Resources, query: BarsQuery) -> Result:
    """Closed bars of one symbol, newest first."""
    name, timeframe = await _instrument(resources, query.symbol, query.venue), canonical_timeframe(query.timeframe)
    rows = await bars.page(resources.pool, name, timeframe, limit=query.limit + 1, before=query.before)
    shown = rows[: query.limit]
    if len(rows) <= query.limit:
        return Result(Bars(instrument=name, timeframe=timeframe, bars=shown, next_before=None))
    next_query = msgspec.structs.replace(query, before=shown[-1].open_time)
    path = f"/api/v1/bars/{quote(query.symbol, safe='')}"
    body = Bars(instrument=name, timeframe=timeframe, bars=shown, next_before=next_query.before)
    return Result(body, next_link(path, next_query, exclude=("symbol",)))


async def show_features(resources: Resources, query: FeaturesQuery) -> Features:
    """Latest features of one symbol and timeframe, while its market is active."""
    row = await resources.reader.features(query.symbol, canonical_timeframe(query.timeframe))
    if row is None:
        raise ProblemError(NOT_FOUND, f"no {query.timeframe} bar of {query.symbol} has closed recently")
    return Features(
        instrument=row.instrument, timeframe=row.timeframe, close_time=row.close_time, features=dict(row.values)
    )


async def list_instruments(resources: Resources, query: InstrumentsQuery) -> Result:
    """Traded instruments, by name."""
    rows = await instruments.page(resources.pool, limit=query.limit + 1, symbol=query.symbol, after=query.after)
    shown = [Instrument(**msgspec.structs.asdict(row) | {"id": str(row.id)}) for row in rows[: query.limit]]
    if len(rows) <= query.limit:
        return Result(Instruments(instruments=shown, next_after=None))
    next_query = msgspec.structs.replace(query, after=shown[-1].name)
    return Result(Instruments(instruments=shown, next_after=next_query.after), next_link(INSTRUMENTS, next_query))


async def _instrument(resources: Resources, symbol: str, venue: str | None) -> str:
    """The name of the one instrument that is traded as `symbol`."""
    matches = await instruments.page(resources.pool, limit=VENUES_MAX, symbol=symbol)
    names = [each.name for each in matches if venue in (None, each.venue)]
    if not names:
        where = "" if venue is None else f" at {venue}"
        raise ProblemError(
            NOT_FOUND, f"no instrument has the symbol {symbol}{where}; /api/v1/instruments lists those that exist"
        )
    if len(names) > 1:
        venues = ", ".join(each.venue for each in matches)
        fault = Fault("venue", f"{symbol} is traded at several venues: {venues}; choose one")
        raise ProblemError(INVALID_PARAMETER, f"venue: {fault.detail}", [fault])
    return names[0]
