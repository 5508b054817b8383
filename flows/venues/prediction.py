"""Prediction markets: dispatch a message or REST response to its decoder, by its keys."""

from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from domain.clock import parse_iso
from domain.markets import Group
from flows.venues import (
    kalshi_rest,
    polymarket_activity,
    polymarket_clob,
    polymarket_data,
    polymarket_gamma,
    polymarket_windows,
)
from flows.venues.fields import UNREADABLE
from flows.venues.kalshi import Kalshi
from flows.venues.kalshi_rest import Series
from flows.venues.row_buffer import Json, RowBuffer

_KEEPALIVES = (b"", b'""', b"PONG")
_PAGES = ("data", "events", "trades", "markets", "books")
_WRAPPED = ("response", "books", "msg", "raw")
_RECEIVED = ("collector_ts", "fetched_at")
_ENVELOPE_KEYS = {*_RECEIVED, "src", "interval_sec"}
"""Keys that recorders add around messages, and that no venue uses."""
_DEPTH_MAX = 3
"""A page contains events, and a WebSocket message a list of messages; there is no deeper nesting."""

_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])
_text = msgspec.json.Decoder(str)


class PredictionDecoder:
    """Decodes messages of all venues of prediction markets, in order.

    Parameters
    ----------
    use_yes_price
        See `flows.venues.kalshi.Kalshi`.
    series
        Kalshi's series by ticker, for fees; the highest fees are assumed for others.
    """

    def __init__(self, *, use_yes_price: bool = False, series: Mapping[str, Series] | None = None) -> None:
        self._kalshi = Kalshi(use_yes_price=use_yes_price)
        self._series = series or {}

    def decode(self, payload: bytes, buffer: RowBuffer) -> None:
        """Decode one raw message or response to `buffer`."""
        text = payload.strip()
        if text in _KEEPALIVES:
            buffer.ignore("keepalive")
            return
        try:
            self._decode(text, buffer, depth=0)
        except UNREADABLE:
            buffer.reject("message is not JSON, or not of its venue's form")
        buffer.end()

    def _decode(self, text: Json, buffer: RowBuffer, *, depth: int) -> None:
        if depth > _DEPTH_MAX:
            buffer.reject("message is nested too deep")
        elif bytes(memoryview(text)[:1]) == b"[":
            for each in _list.decode(text):
                self._decode(each, buffer, depth=depth + 1)
        elif bytes(memoryview(text)[:1]) == b"{":
            self._object(text, _keys.decode(text), buffer, depth=depth)
        else:
            buffer.reject("message is not a JSON object")

    def _object(self, text: Json, keys: Mapping[str, msgspec.Raw], buffer: RowBuffer, *, depth: int) -> None:
        buffer.raw = text
        if wrapped := next((keys[key] for key in _WRAPPED if key in keys and _ENVELOPE_KEYS & keys.keys()), None):
            self._wrapped(wrapped, keys, buffer, depth=depth)
        elif "event_type" in keys:
            polymarket_clob.decode(text, _text.decode(keys["event_type"]), buffer)
        elif "msg" in keys:
            self._kalshi.decode(text, buffer)
        elif "event_ticker" in keys:
            _groups(kalshi_rest.event_groups(text, self._series, buffer), buffer)
        elif "slug" in keys and "markets" in keys:
            _groups(polymarket_gamma.event_groups(text, buffer), buffer)
        elif "clobTokenIds" in keys:
            _groups(polymarket_gamma.market_groups(text, buffer), buffer)
        elif read := next((read for key, read in _READERS.items() if key in keys), None):
            read(text, buffer)
        elif page := next((keys[key] for key in _PAGES if key in keys), None):
            self._decode(page, buffer, depth=depth + 1)
        else:
            buffer.ignore("unknown message")

    def _wrapped(self, inner: msgspec.Raw, keys: Mapping[str, msgspec.Raw], buffer: RowBuffer, *, depth: int) -> None:
        """Decode a message in a recorder's envelope, which has its receive time and the requested ticker."""
        if not buffer.received_ns:
            received = next((keys[key] for key in _RECEIVED if key in keys), None)
            buffer.received_ns = parse_iso(_text.decode(received)) if received else 0
        if "ticker" in keys:
            kalshi_rest.decode_orderbook(inner, _text.decode(keys["ticker"]), buffer)
        else:
            self._decode(inner, buffer, depth=depth + 1)


def _groups(groups: list[Group], buffer: RowBuffer) -> None:
    for group in groups:
        buffer.group(group)


def _clob(kind: str, text: Json, buffer: RowBuffer) -> None:
    polymarket_clob.decode(text, kind, buffer)


def _data(form: str, text: Json, buffer: RowBuffer) -> None:
    polymarket_data.decode(text, form, buffer)


def _ignore(kind: str, text: Json, buffer: RowBuffer) -> None:  # noqa: ARG001 - one of the readers
    buffer.ignore(kind)


_READERS: dict[str, Callable[[Json, RowBuffer], None]] = {
    "topic": polymarket_activity.decode,
    "taker_order_id": partial(_ignore, "trade of an account"),
    "avgPrice": partial(_ignore, "position"),
    "all_time_pnl": partial(_ignore, "statistics of a wallet"),
    "base_fee": partial(_ignore, "fee rate"),  # without a market, and not the fee of takers
    "label": partial(_ignore, "tag"),
    "samples": polymarket_windows.decode,
    "tokens": partial(_ignore, "market of the book"),  # Gamma has the same data and the fees
    "price_changes": partial(_clob, "price_change"),
    "bids": partial(_clob, "book"),
    "new_tick_size": partial(_clob, "tick_size_change"),
    "fee_rate_bps": partial(_clob, "last_trade_price"),
    "proxyWallet": partial(_data, "1"),
    "proxy_wallet": partial(_data, "2"),
    "tx_hash": partial(_data, "recorded"),
    "trade_id": kalshi_rest.decode_trade,
}
"""Decoder by a key that identifies its objects."""
