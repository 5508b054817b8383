"""Cheap pairs: every time that both outcomes of a market cost less than a dollar, and what that was worth.

`spot_arbitrage` emits what pays; this explains why the rest does not: the share of the fees, the number of sets
in the books, and whether two contradictory books of one pool were seen twice. It is a report for the reader of a
recording, simple and exact, and not part of the dataflow.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from domain.arbitrage import ArbitrageSettings
from domain.clock import to_datetime
from domain.fees import marginal_fee, order_fee
from domain.markets import Group, Market
from domain.quotes import ASK, BID, CHANGE, CLEAR, DROP, LEVEL, MESSAGE_END, READY, TICK, TOP
from flows.sources.market_messages import DecodedMessage
from flows.venues.directory import Directory
from operators.appraise import contracts, dollars, take, trimmed, value_of

_ALL = ArbitrageSettings(edge_min=0.0, profit_min=0.0, depth_share=1.0, gas=0.0)
"""Take all displayed size, and pay nothing but the fees."""


class CheapPair(msgspec.Struct, frozen=True):
    """Both outcomes of a market for less than a dollar.

    Attributes
    ----------
    at, market
        Time, and the market's slug.
    asks, fees, left
        Of one set, in dollars: the sum of both best asks, their fees, and what is left of a dollar after both.
    size_shown, net_shown
        Sets that pay after fees if all displayed size is taken, and their profit in dollars.
    verdict
        `opportunity`, or why it is none: `crossed`, `fees`, `depth`, `profit` or `seen_once`.
    why
        The verdict in words.
    """

    at: datetime
    market: str
    asks: str
    fees: str
    left: str
    size_shown: str
    net_shown: str
    verdict: str
    why: str


class _Book:
    """The levels of one token, and whether they are valid."""

    def __init__(self) -> None:
        self.ts, self.good = 0, False
        self.sides: dict[int, dict[int, int]] = {BID: {}, ASK: {}}

    def apply(self, row: Any) -> None:
        """Apply one row of QUOTE."""
        kind, side, price, size = (int(row[name]) for name in ("kind", "side", "price", "size"))
        self.ts = int(row["ts"])
        if kind in (CLEAR, DROP, TICK):
            self.good, self.sides = False, {BID: {}, ASK: {}}
        elif kind == READY:
            self.good = True
        elif kind == TOP:
            best = self.best(side)
            self.good &= (0 if best is None else best) == price
        elif kind in (LEVEL, CHANGE):
            levels = self.sides[side]
            levels[price] = size + (levels.get(price, 0) if kind == CHANGE else 0)
            if levels[price] <= 0:
                del levels[price]

    def best(self, side: int) -> int | None:
        """The best price of a side."""
        levels = self.sides[side]
        return None if not levels else max(levels) if side == BID else min(levels)

    @property
    def asks(self) -> list[tuple[int, int]]:
        """Ask levels, best first."""
        return sorted(self.sides[ASK].items())

    @property
    def crossed(self) -> bool:
        """Whether the best bid is at or above the best ask."""
        bid, ask = self.best(BID), self.best(ASK)
        return bid is not None and ask is not None and bid >= ask


class _Taken(NamedTuple):
    """Number of sets, and dollars after fees and gas."""

    size: Decimal
    net: Decimal


class CheapPairs:
    """Tracks the books of all markets.

    Parameters
    ----------
    settings
        Thresholds of an opportunity.
    """

    def __init__(self, settings: ArbitrageSettings) -> None:
        self._settings = settings
        self._directory = Directory()
        self._books: dict[int, _Book] = {}
        self._markets: dict[int, Market] = {}
        self._first_seen: dict[str, int] = {}
        self._last: dict[str, tuple[str, str]] = {}

    def read(self, decoded_messages: Iterable[DecodedMessage]) -> Iterator[CheapPair]:
        """Yield each pair when it appears, and when its asks or its verdict change."""
        for message in decoded_messages:
            for kind, content in message.runs:
                if kind == "quotes":
                    yield from self._apply(content)
                elif kind == "group":
                    self._learn(self._directory.put(content))
                elif kind == "change":
                    self._learn(self._directory.change(content))

    def _learn(self, groups: list[Group]) -> None:
        for group in groups:
            self._markets |= {token.instrument: market for market in group.markets for token in market.tokens}

    def _apply(self, rows: Any) -> Iterator[CheapPair]:
        touched: dict[str, Market] = {}
        for row in rows:
            market = self._markets.get(int(row["instrument"]))
            if market is None:
                continue
            self._books.setdefault(int(row["instrument"]), _Book()).apply(row)
            touched[market.name] = market
            if row["flags"] & MESSAGE_END:
                yield from self._check(touched)
                touched = {}
        yield from self._check(touched)

    def _check(self, touched: dict[str, Market]) -> Iterator[CheapPair]:
        for market in touched.values():
            yes, no = (self._books.get(token.instrument) for token in market.tokens)
            if yes is None or no is None:
                continue
            found = self._judge(market, yes, no)
            if found is None:
                self._last.pop(market.name, None)
            elif self._last.get(market.name) != (found.asks, found.verdict):
                self._last[market.name] = (found.asks, found.verdict)
                yield found

    def _judge(self, market: Market, yes: _Book, no: _Book) -> CheapPair | None:
        up, down = yes.best(ASK), no.best(ASK)
        cheap = market.status == "open" and yes.good and no.good and up is not None and down is not None
        if not cheap or up is None or down is None or dollars(up + down) >= 1:
            self._first_seen.pop(market.name, None)
            return None
        asks = dollars(up + down)
        fees = sum((marginal_fee(market.fees, dollars(price)) for price in (up, down)), Decimal(0))
        shown = self._taken(market, yes, no, _ALL)
        verdict, why = self._verdict(market, yes, no, 1 - asks, fees)
        return CheapPair(
            at=to_datetime(max(yes.ts, no.ts)),
            market=market.slug,
            asks=_plain(asks),
            fees=_plain(fees),
            left=_plain(1 - asks - fees),
            size_shown=_plain(shown.size),
            net_shown=_plain(shown.net),
            verdict=verdict,
            why=why,
        )

    def _verdict(self, market: Market, yes: _Book, no: _Book, under: Decimal, fees: Decimal) -> tuple[str, str]:
        obstacle = self._obstacle(market, yes, no, under, fees)
        if obstacle is not None:
            self._first_seen.pop(market.name, None)
            return obstacle
        profit = self._profit_text(market, self._taken(market, yes, no, self._settings))
        if market.mirrored and not self._seen_twice(market, yes, no):
            return "seen_once", f"{profit}, but two books of one pool contradict each other, so far once"
        return "opportunity", profit

    def _obstacle(self, market: Market, yes: _Book, no: _Book, under: Decimal, fees: Decimal) -> tuple[str, str] | None:
        rule = self._settings
        if yes.crossed or no.crossed:
            return "crossed", "a book is crossed, so that its prices cannot be had"
        if under - fees <= Decimal(str(rule.edge_min)):
            left = under - fees
            return "fees", f"fees of ${fees:.4f} a set{_assumed(market)} leave ${left:.4f} of the ${under:.4f}"
        taken = self._taken(market, yes, no, rule)
        if taken.size < market.minimum_size:
            pay = f"{_plain(taken.size)} sets pay after fees at {rule.depth_share:.0%} of what is shown"
            return "depth", f"{pay}, and an order has at least {_plain(market.minimum_size)}"
        if taken.net < Decimal(str(rule.profit_min)):
            return "profit", f"{self._profit_text(market, taken)}, under ${rule.profit_min:.2f}"
        return None

    def _profit_text(self, market: Market, taken: _Taken) -> str:
        return f"{_plain(taken.size)} sets bring ${taken.net:.4f} after fees{_assumed(market)} and gas"

    def _seen_twice(self, market: Market, yes: _Book, no: _Book) -> bool:
        """Whether it was seen before, and again now with two newer books of the same time."""
        if yes.ts != no.ts:
            return False
        return yes.ts > self._first_seen.setdefault(market.name, yes.ts)

    def _taken(self, market: Market, yes: _Book, no: _Book, rule: ArbitrageSettings) -> _Taken:
        size = _sets(market, yes.asks, no.asks, rule)
        if not size:
            return _Taken(Decimal(0), Decimal(0))
        sets, left = contracts(size), -Decimal(str(rule.gas))
        for book in (yes, no):
            fills = take(book.asks, size, rule.depth_share)
            left -= value_of(fills) + order_fee(market.fees, fills)
        return _Taken(sets, sets + left)


def _sets(market: Market, yes: list[tuple[int, int]], no: list[tuple[int, int]], rule: ArbitrageSettings) -> int:
    """Sets (SIZE_UNITS), in whole lots, of which the last still earns `edge_min` after fees."""
    levels = [[(dollars(price), int(size * rule.depth_share)) for price, size in side] for side in (yes, no)]
    at, left = [0, 0], [side[0][1] if side else 0 for side in levels]
    total, capital = 0, Decimal(0)
    while all(place < len(side) for place, side in zip(at, levels, strict=True)):
        prices = [side[place][0] for place, side in zip(at, levels, strict=True)]
        cost = sum(prices, Decimal(0))
        fees = sum((marginal_fee(market.fees, price) for price in prices), Decimal(0))
        step = min(*left, int((Decimal(str(rule.capital_max)) - capital) / cost * 1_000_000))
        if 1 - cost - fees <= Decimal(str(rule.edge_min)) or (step <= 0 and min(left) > 0):
            break
        total, capital = total + step, capital + contracts(step) * cost
        for side in (0, 1):
            left[side] -= step
            if left[side] == 0:
                at[side] += 1
                left[side] = levels[side][at[side]][1] if at[side] < len(levels[side]) else 0
    return total - total % int(market.lot * 1_000_000)


def _assumed(market: Market) -> str:
    return ", the highest since none is published," if market.fees.assumed else ""


def _plain(value: Decimal) -> str:
    return f"{trimmed(value):f}"
