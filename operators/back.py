"""back: turn the whales and arbitrage baskets of a shard into candidates and evidence, priced by its bars.

Everything is expressed in a market's first outcome: buying the second is being short the first. Every whale,
emitted or suppressed, and every consensus becomes a candidate. It enters at the first price after the
decision; take-profit and stop-loss lie nine tenths of the distance to the nearer of 0 and 1 from the price;
once its market is resolved, the outcome is worth its payout. A basket that opens or is updated becomes
evidence for each of its legs. Neither is produced when the first outcome has not traded for hours, since there
is no reliable entry price. A candidate is charged its market's taker fee on both sides at the entry price, or
the highest fee of the venue where the schedule is unknown.

Four streams of one shard are joined here, each with a watermark of its own. Results up to t are emitted once
all four have passed t, and market updates take effect at their position in the log, so that the output does
not depend on the order in which the streams arrive.

Memory: the known markets (operators/known_markets.py), and the recent prices.
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
"""Strategy names of the candidates made of whales."""
CONFIDENCE = (0.52, 0.55)
"""Prior confidence of each strategy. Two studies of Polymarket (2026) found next to no edge in following whales."""
HORIZON_NS = 24 * HOUR
"""Time after which a candidate expires at the current price."""
FRESH_NS = 6 * HOUR
"""Greatest age of a usable price. Bars must go on for this plus the horizon, or a candidate is never graded."""
SLIPPAGE_BPS = 20.0
REACH = 0.9
"""Distance of take-profit and stop-loss from the price, as a fraction of the distance to the nearer of 0 and 1."""
NEVER = -(1 << 63)
SOURCES = ("blocks", "whales", "baskets")
STATE = ("watermarks", "newest", "told", "slices", "whales", "legs", "prices")
Rows = NDArray[Any]


class BlockUpdate(NamedTuple):
    """What a block contributes: the newest trade time, the watermark it implies, and updated market groups."""

    newest: int
    watermark: int
    groups: list[Group]


class Price(NamedTuple):
    """Price of an instrument: its slot, the close of its newest bar, and the close time of its newest traded bar."""

    slot: int
    close: float
    traded_at: int


@dataclass(slots=True)
class Backed:
    """A Slice with the candidates made of whales, and the evidence up to its watermark with its token names."""

    slice: Slice
    evidence: Rows
    names: dict[int, str]


class Back(StatefulBatchLogic[Any, Backed, bytes]):
    """State machine of the `back` step: the candidates and evidence of one shard."""

    def __init__(self, resume: bytes | None = None, *, slippage_bps: float = SLIPPAGE_BPS) -> None:
        self._slippage = Decimal(str(slippage_bps)) / 10_000
        self._watermarks = dict.fromkeys(SOURCES, NEVER)
        self._newest = NEVER  # time of the newest trade or heartbeat
        self._told: list[tuple[int, Group]] = []  # market updates not yet applied: (log time, group)
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
        """Accept items of the four streams; emit the Slices up to the least of their watermarks."""
        for each in values:
            self._accept(each)
        reached = min(self._watermarks.values())
        passed = [each for each in self._slices if each.watermark <= reached]
        self._slices = self._slices[len(passed) :]
        return [self._back(each) for each in passed], False

    def on_eof(self) -> tuple[list[Backed], bool]:
        """Emit nothing: the end of the input may only be a pause, so pending input stays pending."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state."""
        values = {name: getattr(self, f"_{name}") for name in STATE}
        copies = {name: value.copy() if isinstance(value, (dict, list)) else value for name, value in values.items()}
        copies["prices"] = {each: tuple(known) for each, known in self._prices.items()}
        return freeze(VERSION, {**copies, "markets": self._markets.state()})

    def _accept(self, given: BlockUpdate | Slice | WhaleFindings | Findings) -> None:
        if isinstance(given, BlockUpdate):
            self._newest = max(self._newest, given.newest)
            self._told += [(self._newest, group) for group in given.groups]
            self._advance("blocks", given.watermark)
        elif isinstance(given, Slice):
            self._slices.append(given)
        elif isinstance(given, WhaleFindings):
            self._advance("whales", given.watermark)
            self._whales = np.concatenate([self._whales, given.rows])
        else:
            # More may still be found at the watermark itself.
            self._advance("baskets", given.watermark - 1)
            self._legs = np.concatenate([self._legs, evidence_of(given)])

    def _advance(self, source: str, watermark: int) -> None:
        self._watermarks[source] = max(self._watermarks[source], watermark)

    def _back(self, given: Slice) -> Backed:
        until = given.watermark
        self._apply_markets(until)
        whales, self._whales = _split(self._whales, until)
        legs, self._legs = _split(self._legs, until)
        bars = self._markets.with_payouts(given.bars)
        finest = bars[bars["frame"] == 0]
        candidates = self._candidates(whales, finest, given.names)
        evidence, names = self._evidence(whales, legs, finest, given.names)
        self._update_prices(finest, until)
        self._markets.evict(until)
        made = replace(given, bars=bars, candidates=candidates, features=np.empty((0, bars.size)))
        return Backed(made, evidence, names)

    def _apply_markets(self, until: int) -> None:
        due = [update for update in self._told if update[0] <= until]
        self._told = self._told[len(due) :]
        for at, group in due:
            for market in group.markets:
                self._markets.update(market, at)

    def _evidence(self, whales: Rows, legs: Rows, finest: Rows, names: tuple[str, ...]) -> tuple[Rows, dict[int, str]]:
        """Evidence of whales and legs for the first outcomes that have a price, and the names of those."""
        rows = np.concatenate([whales_evidence(whales[whales["revision"] == 0]), self._markets.as_first_outcome(legs)])
        rows = rows[np.lexsort([rows[name] for name in reversed(EVIDENCE_ORDER)])]
        prices = [self._price(int(row["instrument"]), int(row["ts"]), finest) for row in rows]
        kept = np.array([price is not None for price in prices], np.bool_)
        tokens = zip(rows["instrument"].tolist(), prices, strict=True)
        return rows[kept], {token: names[price.slot] for token, price in tokens if price is not None}

    def _update_prices(self, finest: Rows, until: int) -> None:
        """Store the newest price of each instrument and drop those that are out of date."""
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
        """Price of an instrument at an instant; None if it has not traded recently enough."""
        known = self._prices.get(token)
        mine = finest[(finest["instrument"] == token) & (finest["close_time"] <= at)]
        if mine.size:
            traded = mine["close_time"][mine["flags"] & SYNTHETIC == 0]
            traded_at = int(traded[-1]) if traded.size else known.traded_at if known else NEVER
            known = Price(int(mine["slot"][-1]), float(mine["close"][-1]), traded_at)
        return known if known is not None and at - known.traded_at <= FRESH_NS else None

    def _candidates(self, whales: Rows, finest: Rows, names: tuple[str, ...]) -> Rows:
        """Make a candidate of each whale and consensus that has a direction and a recent price."""
        out = np.zeros(whales.size, CANDIDATE)
        count = 0
        seen = set()
        for row in whales:
            token, direction = int(row["first_token"]), int(row["direction"])
            key = (int(row["ts"]), token, int(row["kind"]))
            price = self._price(token, int(row["ts"]), finest)
            if row["kind"] == DISAGREEMENT or row["revision"] or not direction or price is None or key in seen:
                continue
            reach = REACH * min(price.close, 1.0 - price.close)
            if reach <= 0.0:
                continue
            seen.add(key)
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
        """Round-trip cost, encoded as the `cost` of CANDIDATE."""
        known = self._markets.fees(first, at)
        schedule = highest(venue_of(names[price.slot])) if known is None else known
        paid = Decimal(str(price.close))
        both = int(2 * UNITS * (marginal_fee(schedule, paid) / paid + self._slippage))
        return -both if schedule.assumed else both


def _reason(gates: int) -> int:
    """Index of the suppression reason of the first failed gate, as in CANDIDATE."""
    return SUPPRESSED_REASONS.index(next(name for bit, name in SUPPRESSED_BY.items() if gates & bit))


def _split(rows: Rows, until: int) -> tuple[Rows, Rows]:
    """Split rows into those at or before `until`, and the rest."""
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
    """Add the candidates of its whales and its evidence to the Slices of each shard; slippage is per side."""
    updates = map_value("news", blocks, _block_update)
    together: KeyedStream[Any] = merge("together", updates, slices, whales, baskets)
    return stateful_batch("candidates", together, lambda resume: Back(resume, slippage_bps=slippage_bps))


def _block_update(block: bytes) -> BlockUpdate:
    kind, content = read_block(block)
    if kind in ("trades", "quotes") and content.size:
        newest = int(content["ts"].max())
        return BlockUpdate(newest if kind == "trades" else NEVER, newest - 1, [])
    return BlockUpdate(NEVER, NEVER, content if kind == "markets" else [])
