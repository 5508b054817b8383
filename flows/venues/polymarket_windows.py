"""Recorded windows of Polymarket's 5-minute markets: decode a market and samples of its two books.

A line has `window_ts` (start of the window, s), `slug` and `samples`, each with its time `t` (s before the end of
the window, negative) and, for `up` and `down`, the best ask and the average price of 5, 20 and 50 contracts. Ask
levels are constructed to have these averages, to a ten-thousandth. Bids are recorded without sizes, so the books
have none. Tokens are named after the slug. Fees are not recorded: the highest rate is assumed.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from domain.clock import SECOND
from domain.fees import highest
from domain.markets import Group, Market, Token
from domain.quotes import ASK, CLEAR, LEVEL, READY, to_price, to_size
from flows.venues.fields import UNREADABLE, within
from flows.venues.polymarket import from_s, name_of
from flows.venues.row_buffer import Json, RowBuffer

WINDOW_S = 300
_GRID = Decimal("0.0001")


class _Side(msgspec.Struct):
    ask: Decimal | None = None
    vwap5: Decimal | None = None
    vwap20: Decimal | None = None
    vwap50: Decimal | None = None

    def levels(self) -> Iterator[tuple[Decimal, int]]:
        """Price and size of levels with the recorded averages, best first."""
        size, cost, worst = 0, Decimal(0), self.ask
        for whole, average in ((5, self.vwap5), (20, self.vwap20), (50, self.vwap50)):
            if worst is None or average is None:
                return
            spent = average * whole
            worst = max(worst, ((spent - cost) / (whole - size)).quantize(_GRID))
            yield worst, whole - size
            size, cost = whole, spent


class _Sample(msgspec.Struct):
    t: Decimal
    up: _Side
    down: _Side


class _Window(msgspec.Struct):
    window_ts: int
    slug: str
    samples: list[msgspec.Raw]


_window = msgspec.json.Decoder(_Window)
_sample = msgspec.json.Decoder(_Sample)


def decode(payload: Json, buffer: RowBuffer) -> None:
    """Decode one window.

    Parameters
    ----------
    payload
        A JSON object.
    buffer
        Receives the market and its books, each sample as a separate message, and a reject for each invalid one.
    """
    try:
        window = _window.decode(payload)
        opens_ns = from_s(window.window_ts)
        market = _market(window, opens_ns + WINDOW_S * SECOND)
        for token in market.tokens:
            buffer.instrument(token.name)
    except UNREADABLE as problem:
        buffer.reject(f"window: {problem}")
        return
    buffer.group(Group(name=market.name, slug=market.slug, title=market.question, kind="single", markets=(market,)))
    for raw in window.samples:
        try:
            sample = _sample.decode(raw)
            seconds = within(sample.t + WINDOW_S, "-3600", "3600", "time of the sample")
            _books(sample, buffer.stamp(opens_ns + int(seconds * SECOND)), market, buffer)
        except UNREADABLE as problem:
            buffer.reject(f"sample: {problem}", raw)
        buffer.end()


def _market(window: _Window, closes_at_ns: int) -> Market:
    name = name_of(window.slug)
    return Market(
        name=name,
        slug=window.slug,
        question=window.slug,
        group=name,
        yes=Token(name=f"{name}-up", outcome="Up"),
        no=Token(name=f"{name}-down", outcome="Down"),
        fees=highest("polymarket"),
        tick=Decimal("0.001"),
        minimum_size=Decimal(5),
        mirrored=True,
        closes_at_ns=closes_at_ns,
    )


def _books(sample: _Sample, ts: int, market: Market, buffer: RowBuffer) -> None:
    books = [
        (token.instrument, [(to_price(price), to_size(Decimal(size))) for price, size in _merged(side)])
        for token, side in ((market.yes, sample.up), (market.no, sample.down))
    ]
    for instrument, levels in books:
        buffer.quote(ts, instrument, CLEAR)
        for price, size in levels:
            buffer.quote(ts, instrument, LEVEL, side=ASK, price=price, size=size)
        buffer.quote(ts, instrument, READY)


def _merged(side: _Side) -> list[tuple[Decimal, int]]:
    """Combine levels with the same price."""
    sizes: dict[Decimal, int] = {}
    for level, size in side.levels():
        price = within(level, "0.0001", "0.9999", "price")
        sizes[price] = sizes.get(price, 0) + size
    return list(sizes.items())
