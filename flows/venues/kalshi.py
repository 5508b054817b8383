"""Kalshi: decode trades and order books of its WebSocket and REST API.

Each market has one pool of bids, for yes and for no; a bid for no at p is an ask for yes at 1 - p. Its two
tokens, `kalshi:<ticker>:yes` and `:no`, each get a full book: their own bids, and the other side's bids as asks.

Messages of a subscription (`sid`) have consecutive sequence numbers (`seq`) over all of its markets. If one is
missing, the books of the subscription are dropped until their next snapshots.

References
----------
Kalshi, AsyncAPI description of the WebSocket and "Get market orderbook" (2026-09). Levels were
called `yes` and `no` in April 2026, also in dollars.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Literal

import msgspec

from domain.clock import MILLISECOND, SECOND, parse_iso
from domain.quotes import ASK, BID, CHANGE, CLEAR, DROP, LEVEL, NO_SEQ, PRICE_UNITS, READY, to_price, to_size
from flows.venues.fields import UNREADABLE, UnusableError
from flows.venues.row_buffer import Json, MarketChange, RowBuffer, Status

Side = Literal["yes", "no"]
Levels = list[tuple[str, str]]
_Sequence = Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]
SIDES: tuple[Side, Side] = ("yes", "no")
OTHER: dict[Side, Side] = {"yes": "no", "no": "yes"}
SUBSCRIPTIONS = 1_000
"""Largest number of subscriptions that are tracked; a connection has a few."""
_STATUSES: dict[str, Status] = {
    "activated": "open",
    "deactivated": "paused",
    "determined": "closed",
    "disputed": "disputed",
    "settled": "resolved",
}
"""Lifecycle event to status. A market that was determined may still be disputed."""
_PAYING: dict[float | None, Side | None] = {1.0: "yes", 0.0: "no", 0.5: None}


class _Head(msgspec.Struct):
    type: str
    sid: int | None = None
    seq: _Sequence | None = None
    msg: msgspec.Raw = msgspec.Raw(b"{}")


class _Snapshot(msgspec.Struct):
    market_ticker: str
    yes_dollars_fp: Levels | None = None
    no_dollars_fp: Levels | None = None
    yes: Levels | None = None
    no: Levels | None = None


class _Delta(msgspec.Struct):
    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: Side
    ts_ms: int | None = None
    ts: int | str | None = None


class Trade(msgspec.Struct):
    """A trade, as sent by the WebSocket and REST APIs."""

    trade_id: str
    market_ticker: str = ""
    ticker: str = ""
    yes_price_dollars: Decimal | None = None
    no_price_dollars: Decimal | None = None
    count_fp: Decimal | None = None
    taker_outcome_side: Side | None = None
    taker_side: Side | None = None
    is_block_trade: bool = False
    ts_ms: int | None = None
    ts: int | str | None = None
    created_time: str | None = None


class _Lifecycle(msgspec.Struct):
    market_ticker: str
    event_type: str
    settlement_value: float | None = None


class _Subscribed(msgspec.Struct):
    sid: int


class _Subscription(msgspec.Struct):
    seq: int
    instruments: set[int]


class Kalshi:
    """Decodes the messages of one connection, in order.

    Parameters
    ----------
    use_yes_price
        Whether the subscription requested bids for no at prices of yes.
    """

    def __init__(self, *, use_yes_price: bool = False) -> None:
        self._use_yes_price = use_yes_price
        self._subscriptions: dict[int, _Subscription] = {}

    def decode(self, payload: Json, buffer: RowBuffer) -> None:
        """Decode one message: a JSON object."""
        head = _Head("message")
        try:
            head = _head.decode(payload)
            if head.type == "subscribed":
                self._drop(_subscribed.decode(head.msg).sid, buffer)
            if head.sid is not None and head.seq is not None:
                self._count(head.sid, head.seq, buffer)
            self._read(head, buffer)
        except UNREADABLE as problem:
            buffer.reject(f"{head.type}: {problem}")
            if head.type in ("orderbook_snapshot", "orderbook_delta"):
                self._drop(head.sid, buffer)

    def _read(self, head: _Head, buffer: RowBuffer) -> None:
        seq = NO_SEQ if head.seq is None else head.seq
        if head.type == "orderbook_snapshot":
            snapshot = _snapshot.decode(head.msg)
            self._remember(head.sid, snapshot.market_ticker, buffer)
            levels: dict[Side, Levels] = {
                "yes": snapshot.yes_dollars_fp or snapshot.yes or [],
                "no": snapshot.no_dollars_fp or snapshot.no or [],
            }
            book(snapshot.market_ticker, levels, buffer, seq=seq, use_yes_price=self._use_yes_price)
        elif head.type == "orderbook_delta":
            delta = _delta.decode(head.msg)
            self._remember(head.sid, delta.market_ticker, buffer)
            price = _bid(delta.price_dollars, delta.side, use_yes_price=self._use_yes_price)
            size = to_size(delta.delta_fp)
            ts = buffer.stamp(time_of(delta.ts_ms, delta.ts))
            _level(ts, CHANGE, delta.market_ticker, delta.side, price, size, seq, buffer)
        elif head.type == "trade":
            add_trade(_trade.decode(head.msg), buffer)
        elif head.type == "market_lifecycle_v2":
            _change(_lifecycle.decode(head.msg), buffer)
        else:
            buffer.ignore(head.type)

    def _count(self, sid: int, seq: int, buffer: RowBuffer) -> None:
        known = self._subscriptions.get(sid)
        if known is not None and seq != known.seq + 1:
            self._drop(sid, buffer)
        if sid not in self._subscriptions and len(self._subscriptions) >= SUBSCRIPTIONS:
            self._drop(next(iter(self._subscriptions)), buffer)
        self._subscriptions.setdefault(sid, _Subscription(seq, set())).seq = seq

    def _remember(self, sid: int | None, ticker: str, buffer: RowBuffer) -> None:
        if sid in self._subscriptions:
            self._subscriptions[sid].instruments.update(buffer.instrument(token_name(ticker, side)) for side in SIDES)

    def _drop(self, sid: int | None, buffer: RowBuffer) -> None:
        """Invalidate the books of a subscription that missed a message or was renewed."""
        dropped = self._subscriptions.pop(sid, None) if sid is not None else None
        for instrument in sorted(dropped.instruments) if dropped and buffer.received_ns else []:
            buffer.quote(buffer.received_ns, instrument, DROP)


def token_name(ticker: str, side: Side) -> str:
    """The name of a token, which is an instrument.

    Raises
    ------
    UnusableError
        If there is no ticker.

    Examples
    --------
    >>> token_name("FED-26DEC-T3.00", "yes")
    'kalshi:FED-26DEC-T3.00:yes'
    """
    if not ticker:
        raise UnusableError("ticker is missing")
    return f"kalshi:{ticker}:{side}"


def book(
    ticker: str, bids: Mapping[Side, Levels], buffer: RowBuffer, *, seq: int = NO_SEQ, use_yes_price: bool = False
) -> None:
    """Add a full book to the buffer.

    Parameters
    ----------
    ticker
        Ticker of the market.
    bids
        Price in dollars and number of contracts of each bid, by side.

    Raises
    ------
    ValueError
        If a level is invalid; no row is added then.
    """
    ts = buffer.stamp(0)
    tokens = [buffer.instrument(token_name(ticker, side)) for side in SIDES]
    levels = [
        (side, _bid(price, side, use_yes_price=use_yes_price), to_size(size))
        for side in SIDES
        for price, size in bids[side]
    ]
    if any(size < 0 for _, _, size in levels):
        raise UnusableError("size is negative")
    for instrument in tokens:
        buffer.quote(ts, instrument, CLEAR, seq=seq)
    for side, price, size in levels:
        _level(ts, LEVEL, ticker, side, price, size, seq, buffer)
    for instrument in tokens:
        buffer.quote(ts, instrument, READY, seq=seq)


def _level(ts: int, kind: int, ticker: str, side: Side, price: int, size: int, seq: int, buffer: RowBuffer) -> None:
    own, other = token_name(ticker, side), token_name(ticker, OTHER[side])
    buffer.quote(ts, buffer.instrument(own), kind, side=BID, price=price, size=size, seq=seq)
    buffer.quote(ts, buffer.instrument(other), kind, side=ASK, price=PRICE_UNITS - price, size=size, seq=seq)


def add_trade(trade: Trade, buffer: RowBuffer) -> None:
    """Add a trade as a purchase of the token on the taker's side: selling yes is buying no.

    Raises
    ------
    ValueError
        If it is invalid.
    """
    side = trade.taker_outcome_side or trade.taker_side
    price = trade.yes_price_dollars if side == "yes" else trade.no_price_dollars
    if side is None or price is None or trade.count_fp is None:
        raise UnusableError("its side, price or size is missing")
    if trade.is_block_trade:
        buffer.ignore("block trade")  # negotiated outside the order book
        return
    buffer.trade(
        buffer.stamp(time_of(trade.ts_ms, trade.ts or trade.created_time)),
        buffer.instrument(token_name(trade.market_ticker or trade.ticker, side)),
        price=price,
        size=trade.count_fp,
        side=1,
        identity=("kalshi", trade.trade_id),
    )


def _change(event: _Lifecycle, buffer: RowBuffer) -> None:
    status = _STATUSES.get(event.event_type)
    if status is None:
        buffer.ignore(f"market_lifecycle_v2/{event.event_type}")
        return
    winner = ""
    if status == "resolved":
        if event.settlement_value not in _PAYING:
            raise UnusableError("settlement value is none of 0, 0.5 and 1")
        side = _PAYING[event.settlement_value]
        winner = token_name(event.market_ticker, side) if side else ""
    buffer.change(MarketChange(f"kalshi:{event.market_ticker}", status, winner))


@lru_cache(maxsize=10_000)
def _bid(text: str, side: Side, *, use_yes_price: bool) -> int:
    price = to_price(text)
    if not 0 < price < PRICE_UNITS:
        raise UnusableError("price is not between 0 and 1")
    return PRICE_UNITS - price if use_yes_price and side == "no" else price


def time_of(ms: int | None, other: int | str | None) -> int:
    """Nanoseconds of a timestamp in ms, else of one in seconds or ISO 8601; 0 if there is neither."""
    if ms is not None:
        return ms * MILLISECOND
    if isinstance(other, int):
        return other * SECOND
    return parse_iso(other) if other else 0


_head = msgspec.json.Decoder(_Head)
_snapshot = msgspec.json.Decoder(_Snapshot)
_delta = msgspec.json.Decoder(_Delta)
_trade = msgspec.json.Decoder(Trade)
_lifecycle = msgspec.json.Decoder(_Lifecycle, strict=False)
_subscribed = msgspec.json.Decoder(_Subscribed)
