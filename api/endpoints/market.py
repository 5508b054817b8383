"""Market data over REST: instruments, their closed bars, and the newest features of each frame."""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Meta

from api.errors import INVALID_PARAMETER, NOT_FOUND, Fault, ProblemError
from api.resources import Resources
from api.rest.pagination import PAGE_SIZE_DEFAULT, PageSize, next_link
from api.rest.params import Instant, Name, Timeframe, canonical_timeframe
from api.rest.result import Result
from store import bars, instruments
from store.bars import Bar
from store.instruments import Instrument

INSTRUMENTS = "/api/v1/instruments"
VENUES = 20


class WhichBars(msgspec.Struct, frozen=True, kw_only=True):
    """Which bars, and how many."""

    symbol: Name
    timeframe: Timeframe
    venue: Annotated[Name | None, Meta(description="Needed only if several venues trade the symbol.")] = None
    before: Annotated[Instant | None, Meta(description="Opened before; `next_before` of another page.")] = None
    limit: PageSize = PAGE_SIZE_DEFAULT


class WhichFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """Which features."""

    symbol: Name
    timeframe: Timeframe


class WhichInstruments(msgspec.Struct, frozen=True, kw_only=True):
    """Which instruments, and how many."""

    symbol: Name | None = None
    after: Annotated[Name | None, Meta(description="Named after this one; `next_after` of another page.")] = None
    limit: PageSize = PAGE_SIZE_DEFAULT


class Bars(msgspec.Struct, frozen=True, kw_only=True):
    """Closed bars, newest first; `next_before` is null on the last page."""

    instrument: str
    timeframe: str
    bars: list[Bar]
    next_before: datetime | None


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """The features of the newest closed bar; those that are not warm yet are left out."""

    instrument: str
    timeframe: str
    close_time: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    features: dict[str, float]


class Instruments(msgspec.Struct, frozen=True, kw_only=True):
    """Instruments by name; `next_after` is null on the last page."""

    instruments: list[Instrument]
    next_after: str | None


async def list_bars(resources: Resources, which: WhichBars) -> Result:
    """Closed bars of one symbol, newest first."""
    name, timeframe = await _instrument(resources, which.symbol, which.venue), canonical_timeframe(which.timeframe)
    found = await bars.page(resources.pool, name, timeframe, limit=which.limit + 1, before=which.before)
    shown = found[: which.limit]
    if len(found) <= which.limit:
        return Result(Bars(instrument=name, timeframe=timeframe, bars=shown, next_before=None))
    following = msgspec.structs.replace(which, before=shown[-1].open_time)
    path = f"/api/v1/bars/{quote(which.symbol, safe='')}"
    body = Bars(instrument=name, timeframe=timeframe, bars=shown, next_before=following.before)
    return Result(body, next_link(path, following, exclude=("symbol",)))


async def show_features(resources: Resources, which: WhichFeatures) -> Features:
    """The newest features of one symbol and frame, while its market is alive."""
    row = await resources.reader.features(which.symbol, canonical_timeframe(which.timeframe))
    if row is None:
        raise ProblemError(NOT_FOUND, f"no bar of {which.symbol} in {which.timeframe} has closed lately")
    return Features(
        instrument=row.instrument, timeframe=row.timeframe, close_time=row.close_time, features=dict(row.values)
    )


async def list_instruments(resources: Resources, which: WhichInstruments) -> Result:
    """What is traded, by name."""
    found = await instruments.page(resources.pool, limit=which.limit + 1, symbol=which.symbol, after=which.after)
    shown = found[: which.limit]
    if len(found) <= which.limit:
        return Result(Instruments(instruments=shown, next_after=None))
    following = msgspec.structs.replace(which, after=shown[-1].name)
    return Result(Instruments(instruments=shown, next_after=following.after), next_link(INSTRUMENTS, following))


async def _instrument(resources: Resources, symbol: str, venue: str | None) -> str:
    """The name of what is traded as `symbol`."""
    found = await instruments.page(resources.pool, limit=VENUES, symbol=symbol)
    names = [each.name for each in found if venue in (None, each.venue)]
    if not names:
        where = "" if venue is None else f" at {venue}"
        raise ProblemError(NOT_FOUND, f"nothing is traded as {symbol}{where}; /api/v1/instruments lists what is")
    if len(names) > 1:
        venues = ", ".join(each.venue for each in found)
        fault = Fault("venue", f"{symbol} is traded at several: {venues}; name one")
        raise ProblemError(INVALID_PARAMETER, f"venue: {fault.detail}", [fault])
    return names[0]
