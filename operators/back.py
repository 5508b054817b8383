"""back: whales and baskets of a shard, joined with its bars, as candidates and as evidence.

All is told of a market's first answer: who buys the second is short of it. A whale, told or suppressed,
and a consensus is a candidate: entry is at the first price after it, target and stop lie nine tenths of
the way to the nearer of 0 and 1 off the price, and a market that is resolved is worth what it pays from
then on. A basket that opens or is updated is evidence for each of its legs. Neither is made where the
first answer has not been traded for hours: that is no price to begin from. A candidate pays what its market
takes of a taker, on both sides at the price it begins from; where nobody says, the most that its venue takes.

Four streams of one shard meet here, each with a watermark of its own. What is concluded up to t is
concluded once all four have passed t, and what was told of markets counts from its place in the log on;
so it does not depend on which of them comes first.

Memory: the markets that are known (operators/known_markets.py), and the prices that are fresh.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, map_value, merge, stateful_batch
from numpy.typing import NDArray

from domain.blocks import read_block
from domain.clock import HOUR
from domain.evidence import EVIDENCE, EVIDENCE_ORDER
from domain.fees import highest, marginal_fee
from domain.findings import Findings
from domain.instruments import venue_of
from domain.markets import Group
from domain.slices import CANDIDATE, EMITTED, SUPPRESSED_REASONS, SYNTHETIC, Slice
from domain.whales import CONSENSUS, DISAGREEMENT, SUPPRESSED_BY, WHALE, WhaleFindings
from domain.whales import evidence_of as whales_evidence
from operators.arbitrage_evidence import evidence_of
from operators.kernels.costs import UNITS
from operators.known_markets import KnownMarkets
from operators.state import freeze, thaw

VERSION = 3
STRATEGIES = ("whale", "whale_consensus")
"""Names of what whales propose."""
CONFIDENCE = (0.52, 0.55)
"""Of each before anything was graded. Two studies of Polymarket (2026) found next to no edge in following."""
HORIZON_NS = 24 * HOUR
"""After so long a candidate is judged by the price there is."""
FRESH_NS = 6 * HOUR
"""A price that is older is none. Bars must go on for that and for the horizon, or a candidate is never judged."""
SLIPPAGE_BPS = 20.0
REACH = 0.9
"""Distance of target and stop from the price, as a share of the way to the nearer of 0 and 1."""
NEVER = -(1 << 63)
SOURCES = ("blocks", "whales", "baskets")
STATE = ("watermarks", "newest", "told", "slices", "whales", "legs", "prices")
Rows = NDArray[Any]


class News(NamedTuple):
    """What a block says of time, that of trades and that up to which all is told, and of markets."""

    newest: int
    watermark: int
    groups: list[Group]


class Price(NamedTuple):
    """Of an instrument: its slot, the close of its newest bar, and when the newest traded one closed."""

    slot: int
    close: float
    traded_at: int


@dataclass(slots=True)
class Backed:
    """A Slice with the candidates of whales, and the evidence up to its watermark with the names of its tokens."""

    slice: Slice
    evidence: Rows
    names: dict[int, str]


class Back(StatefulBatchLogic[Any, Backed, bytes]):
    """The candidates and evidence of one shard: the state machine that `back` runs."""

    def __init__(self, resume: bytes | None = None, *, slippage_bps: float = SLIPPAGE_BPS) -> None:
        self._slippage = Decimal(str(slippage_bps)) / 10_000
        self._watermarks = dict.fromkeys(SOURCES, NEVER)
        self._newest = NEVER  # trade, or heartbeat
        self._told: list[tuple[int, Group]] = []  # when in the log's time, and what
        self._markets = KnownMarkets()
        self._slices: list[Slice] = []
        self._whales = np.empty(0, WHALE)
        self._legs = np.empty(0, EVIDENCE)
        self._prices: dict[int, Price] = {}
        if resume is not None:
            values = thaw(VERSION, resume)
            self._markets.restore(values.pop("markets"))
            values["prices"] = {each: Price(*known) for each, known in values["prices"].items()}
            for name, value in values.items():
                setattr(self, f"_{name}", value)

    def on_batch(self, values: list[Any]) -> tuple[list[Backed], bool]:
        """Take in what the four streams say; hand on the Slices that all of them have passed."""
        for each in values:
            self._take(each)
        reached = min(self._watermarks.values())
        passed = [each for each in self._slices if each.watermark <= reached]
        self._slices = self._slices[len(passed) :]
        return [self._back(each) for each in passed], False

    def on_eof(self) -> tuple[list[Backed], bool]:
        """A pause: what waits keeps waiting."""
        return [], False

    def snapshot(self) -> bytes:
        """All of the state as bytes."""
        values = {name: getattr(self, f"_{name}") for name in STATE}
        copies = {name: value.copy() if isinstance(value, (dict, list)) else value for name, value in values.items()}
        copies["prices"] = {each: tuple(known) for each, known in self._prices.items()}
        return freeze(VERSION, {**copies, "markets": self._markets.state()})

    def _take(self, given: News | Slice | WhaleFindings | Findings) -> None:
        if isinstance(given, News):
            self._newest = max(self._newest, given.newest)
            self._told += [(self._newest, group) for group in given.groups]
            self._reach("blocks", given.watermark)
        elif isinstance(given, Slice):
            self._slices.append(given)
        elif isinstance(given, WhaleFindings):
            self._reach("whales", given.watermark)
            self._whales = np.concatenate([self._whales, given.rows])
        else:
            # At its newest instant itself something may still be found.
            self._reach("baskets", given.watermark - 1)
            self._legs = np.concatenate([self._legs, evidence_of(given)])

    def _reach(self, source: str, watermark: int) -> None:
        self._watermarks[source] = max(self._watermarks[source], watermark)

    def _back(self, given: Slice) -> Backed:
        until = given.watermark
        self._learn(until)
        whales, self._whales = _split(self._whales, until)
        legs, self._legs = _split(self._legs, until)
        bars = self._markets.paid(given.bars)
        finest = bars[bars["frame"] == 0]
        candidates = self._candidates(whales, finest, given.names)
        evidence, names = self._evidence(whales, legs, finest, given.names)
        self._note(finest, until)
        self._markets.forget(until)
        made = replace(given, bars=bars, candidates=candidates, features=np.empty((0, bars.size)))
        return Backed(made, evidence, names)

    def _learn(self, until: int) -> None:
        known = [told for told in self._told if told[0] <= until]
        self._told = self._told[len(known) :]
        for at, group in known:
            for market in group.markets:
                self._markets.learn(market, at)

    def _evidence(self, whales: Rows, legs: Rows, finest: Rows, names: tuple[str, ...]) -> tuple[Rows, dict[int, str]]:
        """What whales and legs say of first answers that have a price, and what those are called."""
        rows = np.concatenate([whales_evidence(whales[whales["revision"] == 0]), self._markets.of_first(legs)])
        rows = rows[np.lexsort([rows[name] for name in reversed(EVIDENCE_ORDER)])]
        prices = [self._price(int(row["instrument"]), int(row["ts"]), finest) for row in rows]
        kept = np.array([price is not None for price in prices], np.bool_)
        tokens = zip(rows["instrument"].tolist(), prices, strict=True)
        return rows[kept], {token: names[price.slot] for token, price in tokens if price is not None}

    def _note(self, finest: Rows, until: int) -> None:
        """The newest price of each instrument, while it is fresh."""
        columns = ("instrument", "slot", "close", "close_time")
        traded = finest[finest["flags"] & SYNTHETIC == 0]
        for instrument, *known in zip(*(traded[name].tolist() for name in columns), strict=True):
            self._prices[instrument] = Price(*known)
        closes = dict(zip(finest["instrument"].tolist(), finest["close"].tolist(), strict=True))
        self._prices = {
            each: Price(known.slot, closes.get(each, known.close), known.traded_at)
            for each, known in self._prices.items()
            if until - known.traded_at <= FRESH_NS
        }

    def _price(self, token: int, at: int, finest: Rows) -> Price | None:
        """The price of an instrument at an instant; None if there is none that is fresh."""
        known = self._prices.get(token)
        mine = finest[(finest["instrument"] == token) & (finest["close_time"] <= at)]
        if mine.size:
            traded = mine["close_time"][mine["flags"] & SYNTHETIC == 0]
            traded_at = int(traded[-1]) if traded.size else known.traded_at if known else NEVER
            known = Price(int(mine["slot"][-1]), float(mine["close"][-1]), traded_at)
        return known if known is not None and at - known.traded_at <= FRESH_NS else None

    def _candidates(self, whales: Rows, finest: Rows, names: tuple[str, ...]) -> Rows:
        """A candidate for each whale and consensus that has a side, where there is a price to begin from."""
        out = np.zeros(whales.size, CANDIDATE)
        count = 0
        met = set()
        for row in whales:
            token, direction = int(row["first_token"]), int(row["direction"])
            key = (int(row["ts"]), token, int(row["kind"]))
            price = self._price(token, int(row["ts"]), finest)
            if row["kind"] == DISAGREEMENT or row["revision"] or not direction or price is None or key in met:
                continue
            reach = REACH * min(price.close, 1.0 - price.close)
            if reach <= 0.0:
                continue
            met.add(key)
            made = out[count]
            count += 1
            made["ts"], made["instrument"], made["slot"] = row["ts"], token, price.slot
            made["entry_price"], made["direction"] = price.close, direction
            made["take_profit"], made["stop_loss"] = price.close + direction * reach, price.close - direction * reach
            made["expires_at"] = row["ts"] + HORIZON_NS
            made["cost"] = self._cost(token, int(row["ts"]), price, names)
            made["strategy"] = int(row["kind"] == CONSENSUS)
            made["confidence"] = CONFIDENCE[made["strategy"]]
            made["status"] = row["status"]
            made["reason"] = 0 if row["status"] == EMITTED else _reason(int(row["gates"]))
        out = out[:count]
        return out[np.lexsort([out[name] for name in ("strategy", "instrument", "ts")])]

    def _cost(self, first: int, at: int, price: Price, names: tuple[str, ...]) -> int:
        """Of both sides, as in CANDIDATE."""
        told = self._markets.fees(first, at)
        schedule = highest(venue_of(names[price.slot])) if told is None else told
        paid = Decimal(str(price.close))
        both = int(2 * UNITS * (marginal_fee(schedule, paid) / paid + self._slippage))
        return -both if schedule.assumed else both


def _reason(gates: int) -> int:
    """Of the first gate that was shut, as in CANDIDATE."""
    return SUPPRESSED_REASONS.index(next(name for bit, name in SUPPRESSED_BY.items() if gates & bit))


def _split(rows: Rows, until: int) -> tuple[Rows, Rows]:
    """Those that are not later, and the rest."""
    passed = rows["ts"] <= until
    return rows[passed], rows[~passed]


@operator
def back(
    step_id: str,
    blocks: KeyedStream[bytes],
    slices: KeyedStream[Slice],
    whales: KeyedStream[WhaleFindings],
    baskets: KeyedStream[Findings],
    slippage_bps: float,
) -> KeyedStream[Backed]:
    """Slices of each shard with the candidates of its whales, and its evidence; slippage is that of one side."""
    news = map_value("news", blocks, _news)
    together: KeyedStream[Any] = merge("together", news, slices, whales, baskets)
    return stateful_batch("candidates", together, lambda resume: Back(resume, slippage_bps=slippage_bps))


def _news(block: bytes) -> News:
    kind, content = read_block(block)
    if kind in ("trades", "quotes") and content.size:
        newest = int(content["ts"].max())
        return News(newest if kind == "trades" else NEVER, newest - 1, [])
    return News(NEVER, NEVER, content if kind == "markets" else [])
