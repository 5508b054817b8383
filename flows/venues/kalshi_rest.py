"""Kalshi REST API: decode order books, trades, and events as groups of markets.

References
----------
Kalshi, "Get Market Orderbook", "Get Trades", "Get Events" (with nested markets) and "Get Series
List" (2026-09); fee schedule of 2026.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from domain.markets import FeeSchedule, Group, Market, Token
from domain.pairs import fingerprint
from flows.venues import ladders
from flows.venues.fields import UNREADABLE, UnusableError, due_ns, number_of, within
from flows.venues.kalshi import Levels, Side, Trade, add_trade, book, token_name
from flows.venues.row_buffer import Json, RowBuffer, Status

HIGHEST_RATE = Decimal("0.07")
_QUADRATIC = ("quadratic", "quadratic_with_maker_fees")
_STATUSES: dict[str, Status] = {
    "open": "open",
    "active": "open",
    "initialized": "paused",
    "unopened": "paused",
    "inactive": "paused",
    "paused": "paused",
    "closed": "closed",
    "determined": "closed",
    "disputed": "disputed",
    "amended": "disputed",
    "settled": "resolved",
    "finalized": "resolved",
}


class Series(msgspec.Struct, frozen=True):
    """The fees of all events of a series."""

    ticker: str
    fee_type: str | None = None
    fee_multiplier: Decimal | None = None


class _PriceRange(msgspec.Struct):
    step: Decimal


class _Market(msgspec.Struct):
    ticker: str
    title: str = ""
    yes_sub_title: str = ""
    status: str = ""
    result: str | None = None
    close_time: str | None = None
    strike_type: str | None = None
    floor_strike: Decimal | None = None
    price_ranges: list[_PriceRange] | None = None
    notional_value_dollars: Decimal = Decimal(1)
    rules_primary: str | None = None
    rules_secondary: str | None = None


class _Event(msgspec.Struct):
    event_ticker: str
    series_ticker: str = ""
    title: str = ""
    mutually_exclusive: bool = False
    markets: list[msgspec.Raw] = []
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None


class _OrderBook(msgspec.Struct):
    yes_dollars: Levels | None = None
    no_dollars: Levels | None = None


class _OrderBookResponse(msgspec.Struct):
    orderbook_fp: _OrderBook


_response = msgspec.json.Decoder(_OrderBookResponse)
_trade = msgspec.json.Decoder(Trade)
_event = msgspec.json.Decoder(_Event)
_market = msgspec.json.Decoder(_Market)


def decode_orderbook(payload: Json, ticker: str, buffer: RowBuffer) -> None:
    """Decode the book of market `ticker`, which the response does not name."""
    try:
        response = _response.decode(payload).orderbook_fp
        bids: dict[Side, Levels] = {"yes": response.yes_dollars or [], "no": response.no_dollars or []}
        book(ticker, bids, buffer)
    except UNREADABLE as problem:
        buffer.reject(f"orderbook: {problem}")


def decode_trade(payload: Json, buffer: RowBuffer) -> None:
    """Decode one of the `trades` of a response."""
    try:
        add_trade(_trade.decode(payload), buffer)
    except UNREADABLE as problem:
        buffer.reject(f"trade: {problem}")


def event_groups(payload: Json, series: Mapping[str, Series], buffer: RowBuffer) -> list[Group]:
    """Decode an event to groups of markets.

    Parameters
    ----------
    payload
        A JSON object with all of the event's `markets`.
    series
        Series by ticker; the highest known fees are assumed for an event of an unknown series.
    buffer
        Receives a reject for each invalid market.

    Returns
    -------
    list
        One group of kind `event` if at most one market resolves to yes, one of kind `ladder` if the markets
        are strikes of one value, else one of kind `single` for each market. None is exhaustive: the venue
        guarantees "at most one", never "exactly one".
    """
    try:
        event = _event.decode(payload)
        charged = _fees(event, series)
    except UNREADABLE as problem:
        buffer.reject(f"event: {problem}")
        return []
    name = f"kalshi:{event.event_ticker}"
    markets: list[Market] = []
    for raw in event.markets:
        try:
            markets.append(_read(_market.decode(raw), name, charged))
        except UNREADABLE as problem:
            buffer.reject(f"market: {problem}", raw)
    slug, title = event.event_ticker.lower(), event.title
    if event.mutually_exclusive and markets:
        return [Group(name=name, slug=slug, title=title, kind="event", exclusive=True, markets=tuple(markets))]
    steps = ladders.by_strikes(markets)
    if steps:
        return [Group(name=name, slug=slug, title=title, kind="ladder", markets=steps)]
    alone = [msgspec.structs.replace(market, group=market.name) for market in markets]
    return [
        Group(name=each.name, slug=each.slug, title=each.question, kind="single", markets=(each,)) for each in alone
    ]


def _fees(event: _Event, series: Mapping[str, Series]) -> FeeSchedule:
    listed = series.get(event.series_ticker, Series(event.series_ticker))
    kind = event.fee_type_override or listed.fee_type
    multiplier = listed.fee_multiplier if event.fee_multiplier_override is None else event.fee_multiplier_override
    if kind not in _QUADRATIC or multiplier is None:
        return FeeSchedule(kind="kalshi", rate=HIGHEST_RATE, assumed=True)
    multiplier = within(multiplier, "0", "10", "fee multiplier")
    return FeeSchedule(kind="kalshi", rate=HIGHEST_RATE, multiplier=multiplier)


def _read(market: _Market, group: str, charged: FeeSchedule) -> Market:
    if market.notional_value_dollars != 1:
        raise UnusableError("its contracts do not pay 1 dollar")
    status = _STATUSES.get(market.status)
    if status is None:
        raise UnusableError(f"status {market.status[:20]!r} is unknown")
    number_of(token_name(market.ticker, "yes"))
    strike = market.floor_strike if market.strike_type in ("greater", "greater_or_equal") else None
    steps = [each.step for each in market.price_ranges or []]
    won: Side | None = "yes" if market.result == "yes" else "no" if market.result == "no" else None
    rules = [text for text in (market.rules_primary, market.rules_secondary) if text]
    return Market(
        name=f"kalshi:{market.ticker}",
        slug=market.ticker.lower(),
        question=f"{market.title} {market.yes_sub_title}".strip(),
        group=group,
        yes=Token(name=token_name(market.ticker, "yes"), outcome="Yes"),
        no=Token(name=token_name(market.ticker, "no"), outcome="No"),
        fees=charged,
        tick=max((within(step, "0.000001", "0.1", "price grid") for step in steps), default=Decimal("0.01")),
        minimum_size=Decimal(1),
        mirrored=True,
        strike=None if strike is None else within(strike, "-1e18", "1e18", "strike"),
        strict=market.strike_type != "greater_or_equal",
        closes_at_ns=due_ns(market.close_time),
        status=status,
        winner=token_name(market.ticker, won) if status == "resolved" and won else "",
        rules=fingerprint(" ".join(rules)) if rules else "",
    )
