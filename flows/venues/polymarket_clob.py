"""Polymarket's order books: decode events of the market channel, and books of the REST API.

The feed has no sequence numbers. A book is verified by the best prices that come with its changes (rows of TOP);
an invalid message drops the books of its tokens.

References
----------
Polymarket, "Market Channel" and "Order book" (2026-09). Since 2025-09-15 a `price_change` holds a
list of changes, each with the best prices after the message; before, it held one change.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from domain.markets import Market, Token
from domain.quotes import ASK, BID, CLEAR, DROP, LEVEL, PRICE_UNITS, READY, TICK, TOP, to_price, to_size
from flows.venues.fields import UNREADABLE, UnusableError, number_of, within
from flows.venues.polymarket import from_ms, name_of, side_of
from flows.venues.polymarket_gamma import FeeTerms, fees
from flows.venues.row_buffer import Json, MarketChange, RowBuffer


class _Level(msgspec.Struct, gc=False):
    price: str
    size: str


class _Book(msgspec.Struct):
    asset_id: str
    timestamp: int
    bids: list[_Level]
    asks: list[_Level]


class _Step(msgspec.Struct, gc=False):
    asset_id: str
    price: str
    size: str
    side: str
    best_bid: str | None = None
    best_ask: str | None = None


class _PriceChange(msgspec.Struct):
    timestamp: int
    price_changes: list[_Step] | None = None
    asset_id: str = ""
    price: str = ""
    size: str = ""
    side: str = ""


class _LastTradePrice(msgspec.Struct):
    asset_id: str
    timestamp: int
    price: Decimal
    size: Decimal
    side: str
    transaction_hash: str | None = None


class _TickSizeChange(msgspec.Struct):
    asset_id: str
    timestamp: int
    new_tick_size: str


class _BestBidAsk(msgspec.Struct):
    asset_id: str
    timestamp: int
    best_bid: str | None = None
    best_ask: str | None = None


class _NewMarket(msgspec.Struct):
    market: str
    question: str
    slug: str
    assets_ids: tuple[str, str]
    outcomes: tuple[str, str]
    event_message: dict[str, Any] = {}
    order_price_min_tick_size: Decimal = Decimal("0.01")
    order_min_size: Decimal = Decimal(5)
    fees_enabled: bool | None = None
    fee_schedule: FeeTerms | None = None


class _MarketResolved(msgspec.Struct):
    market: str
    winning_asset_id: str


class _Asset(msgspec.Struct):
    asset_id: str


class _Assets(msgspec.Struct):
    price_changes: list[_Asset]


def decode(payload: Json, kind: str, buffer: RowBuffer) -> None:
    """Decode one event, or a book of the REST API.

    Parameters
    ----------
    payload
        A JSON object.
    kind
        Its `event_type`; `book` for a book of the REST API.
    buffer
        Receives the rows, or the reject.
    """
    event = _EVENTS.get(kind)
    if event is None:
        buffer.ignore(kind)
        return
    try:
        event.read(event.decoder.decode(payload), buffer)
    except UNREADABLE as problem:
        buffer.reject(f"{kind}: {problem}")
        if kind not in _WITHOUT_BOOKS:
            _drop(_assets(payload), buffer)


def _book(book: _Book, buffer: RowBuffer) -> None:
    instrument = buffer.instrument(name_of(book.asset_id))
    ts = buffer.stamp(from_ms(book.timestamp))
    levels = [
        (side, _price(level.price), to_size(level.size))
        for side, side_levels in ((BID, book.bids), (ASK, book.asks))
        for level in side_levels
    ]
    if any(size < 0 for _, _, size in levels):
        raise UnusableError("size is negative")
    buffer.quote(ts, instrument, CLEAR)
    for side, price, size in levels:
        buffer.quote(ts, instrument, LEVEL, side=side, price=price, size=size)
    buffer.quote(ts, instrument, READY)


def _price_change(message: _PriceChange, buffer: RowBuffer) -> None:
    ts = buffer.stamp(from_ms(message.timestamp))
    steps = message.price_changes
    if steps is None:
        steps = [_Step(message.asset_id, message.price, message.size, message.side)]
    last: dict[int, _Step] = {}
    for step in steps:
        try:
            instrument = buffer.instrument(name_of(step.asset_id))
            price, size, side = _price(step.price), to_size(step.size), side_of(step.side)
            if size < 0:
                raise UnusableError("size is negative")
            buffer.quote(ts, instrument, LEVEL, side=side, price=price, size=size)
            last[instrument] = step
        except ValueError as problem:
            buffer.reject(f"price_change: {problem}")
            _drop([step.asset_id], buffer)
    # Each change has the best prices after the whole message.
    for instrument, step in last.items():
        _tops(ts, instrument, step.best_bid, step.best_ask, buffer)


def _last_trade_price(trade: _LastTradePrice, buffer: RowBuffer) -> None:
    instrument = buffer.instrument(name_of(trade.asset_id))
    transaction = trade.transaction_hash
    buffer.trade(
        buffer.stamp(from_ms(trade.timestamp)),
        instrument,
        price=trade.price,
        size=trade.size,
        side=side_of(trade.side),
        identity=(transaction.lower(), trade.asset_id, trade.side) if transaction else (),
    )


def _tick_size_change(change: _TickSizeChange, buffer: RowBuffer) -> None:
    instrument = buffer.instrument(name_of(change.asset_id))
    buffer.quote(buffer.stamp(from_ms(change.timestamp)), instrument, TICK, price=_price(change.new_tick_size))


def _best_bid_ask(best: _BestBidAsk, buffer: RowBuffer) -> None:
    instrument = buffer.instrument(name_of(best.asset_id))
    _tops(buffer.stamp(from_ms(best.timestamp)), instrument, best.best_bid, best.best_ask, buffer)


def _new_market(new: _NewMarket, buffer: RowBuffer) -> None:
    yes, no = (
        Token(name=name_of(token), outcome=outcome) for token, outcome in zip(new.assets_ids, new.outcomes, strict=True)
    )
    for token in (yes, no):
        number_of(token.name)
    event = new.event_message.get("id")
    market = Market(
        name=name_of(new.market),
        slug=new.slug,
        question=new.question,
        group=name_of(event if isinstance(event, str) and event else new.market),
        yes=yes,
        no=no,
        fees=fees(new.fees_enabled, new.fee_schedule),
        tick=within(new.order_price_min_tick_size, "0.000001", "0.1", "price grid"),
        minimum_size=within(new.order_min_size, "0", "1000000", "least order"),
        mirrored=True,
    )
    buffer.change(MarketChange(market.name, "open", opened=market))


def _market_resolved(resolved: _MarketResolved, buffer: RowBuffer) -> None:
    buffer.change(MarketChange(name_of(resolved.market), "resolved", name_of(resolved.winning_asset_id)))


def _tops(ts: int, instrument: int, bid: str | None, ask: str | None, buffer: RowBuffer) -> None:
    """Add rows of TOP; the best price of an empty side is sent as an empty text, a bid of 0 or an ask of 1."""
    for side, text, empty in ((BID, bid, 0), (ASK, ask, PRICE_UNITS)):
        if text is not None:
            price = to_price(text) if text else empty
            if not 0 <= price <= PRICE_UNITS:
                raise UnusableError("best price is not between 0 and 1")
            buffer.quote(ts, instrument, TOP, side=side, price=0 if price == empty else price)


@lru_cache(maxsize=10_000)
def _price(text: str) -> int:
    price = to_price(text)
    if not 0 < price < PRICE_UNITS:
        raise UnusableError("price is not between 0 and 1")
    return price


def _assets(payload: Json) -> list[str]:
    """The tokens of an otherwise invalid message."""
    try:
        return [_one_asset.decode(payload).asset_id]
    except UNREADABLE:
        pass
    try:
        return [each.asset_id for each in _all_assets.decode(payload).price_changes]
    except UNREADABLE:
        return []


def _drop(assets: Sequence[str], buffer: RowBuffer) -> None:
    for asset in dict.fromkeys(assets):
        try:
            buffer.quote(buffer.stamp(buffer.received_ns), buffer.instrument(name_of(asset)), DROP)
        except UnusableError:
            continue  # the token is malformed, or the message has no time


class _Event(NamedTuple):
    decoder: Any
    read: Callable[[Any, RowBuffer], None]


def _event(struct: type, read: Callable[[Any, RowBuffer], None]) -> _Event:
    # Stamps are strings on the wire, hence `strict=False`.
    return _Event(msgspec.json.Decoder(struct, strict=False), read)


_EVENTS = {
    "book": _event(_Book, _book),
    "price_change": _event(_PriceChange, _price_change),
    "last_trade_price": _event(_LastTradePrice, _last_trade_price),
    "tick_size_change": _event(_TickSizeChange, _tick_size_change),
    "best_bid_ask": _event(_BestBidAsk, _best_bid_ask),
    "new_market": _event(_NewMarket, _new_market),
    "market_resolved": _event(_MarketResolved, _market_resolved),
}
_WITHOUT_BOOKS = ("last_trade_price", "new_market", "market_resolved")
"""Events that do not affect books, so that an invalid one does not drop them."""
_one_asset = msgspec.json.Decoder(_Asset)
_all_assets = msgspec.json.Decoder(_Assets)
