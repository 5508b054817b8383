"""back: whales and baskets of a shard, joined with its bars, as candidates and as evidence.

All is told of a market's first answer: who buys the second is short of it. A whale, told or suppressed,
and a consensus is a candidate: entry is at the first price after it, target and stop lie nine tenths of
the way to the nearer of 0 and 1 off the price, and a market that is resolved pays what it pays, as the
price of the first bar after that. A basket that opens or is updated is evidence for each of its legs.

Four streams of one shard meet here, each with a watermark of its own. What is concluded up to t is
concluded once all four have passed t, and so does not depend on which of them comes first.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, map_value, merge, stateful_batch
from numpy.typing import NDArray

from domain.blocks import read_block
from domain.clock import HOUR
from domain.evidence import EVIDENCE, EVIDENCE_ORDER
from domain.instruments import instrument_id
from domain.markets import Group
from domain.opportunities import Findings
from domain.slices import CANDIDATE, EMITTED, FIRST, SUPPRESSED_REASONS, Slice
from domain.wallets import UNKNOWN
from domain.whales import CONSENSUS, DISAGREEMENT, POSITION, RESOLVED, WHALE, WhaleFindings
from domain.whales import evidence_of as whales_evidence
from operators.arbitrage_evidence import evidence_of
from operators.state import freeze, thaw

VERSION = 1
STRATEGIES = ("whale", "whale_consensus")
"""Names of what whales propose."""
CONFIDENCE = (0.52, 0.55)
"""Of each before anything was graded. Two studies of Polymarket (2026) found next to no edge in following."""
HORIZON_NS = 24 * HOUR
"""After so long a candidate is judged by the price there is."""
REACH = 0.9
"""Distance of target and stop from the price, as a share of the way to the nearer of 0 and 1."""
NEVER = -(1 << 63)
SOURCES = ("blocks", "whales", "baskets")
Rows = NDArray[Any]


class News(NamedTuple):
    """What a block says of time and of markets."""

    watermark: int
    groups: list[Group]


@dataclass(slots=True)
class Backed:
    """A Slice with the candidates of whales, and the evidence up to its watermark with the names of its tokens."""

    slice: Slice
    evidence: Rows
    names: dict[int, str]


class Back(StatefulBatchLogic[Any, Backed, bytes]):
    """The candidates and evidence of one shard: the state machine that `back` runs."""

    def __init__(self, resume: bytes | None = None) -> None:
        self._watermarks = dict.fromkeys(SOURCES, NEVER)
        self._answers: dict[
            int, tuple[int, int]
        ] = {}  # token to its market's first one, and 1, or -1 if it is the other
        self._tokens: dict[int, int] = {}  # market to its first token
        self._names: dict[int, str] = {}
        self._slices: list[Slice] = []
        self._whales = np.empty(0, WHALE)
        self._legs = np.empty(0, EVIDENCE)
        self._ends = np.empty(0, POSITION)
        self._prices: dict[int, tuple[int, int, float]] = {}  # instrument to its slot, when it had a price, and that
        if resume is not None:
            for name, value in thaw(VERSION, resume).items():
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
        names = ("watermarks", "answers", "tokens", "names", "slices", "whales", "legs", "ends", "prices")
        values = {name: getattr(self, f"_{name}") for name in names}
        copies = {name: value.copy() if isinstance(value, (dict, list)) else value for name, value in values.items()}
        return freeze(VERSION, copies)

    def _take(self, given: News | Slice | WhaleFindings | Findings) -> None:
        if isinstance(given, News):
            self._reach("blocks", given.watermark)
            for group in given.groups:
                self._learn(group)
        elif isinstance(given, Slice):
            self._slices.append(given)
        elif isinstance(given, WhaleFindings):
            self._reach("whales", given.watermark)
            ends = given.positions[given.positions["kind"] == RESOLVED]
            self._ends = np.concatenate([self._ends, ends])
            self._whales = np.concatenate([self._whales, given.rows])
        else:
            # At its newest instant itself something may still be found.
            self._reach("baskets", given.watermark - 1)
            self._legs = np.concatenate([self._legs, evidence_of(given)])

    def _reach(self, source: str, watermark: int) -> None:
        self._watermarks[source] = max(self._watermarks[source], watermark)

    def _learn(self, group: Group) -> None:
        for market in group.markets:
            first = market.yes.instrument
            self._tokens[instrument_id(market.name)] = first
            self._answers[first], self._answers[market.no.instrument] = (first, 1), (first, -1)
            self._names[first] = market.yes.name

    def _back(self, given: Slice) -> Backed:
        until = given.watermark
        whales, self._whales = _split(self._whales, until)
        legs, self._legs = _split(self._legs, until)
        bars = self._paid(given.bars)
        candidates = self._candidates(whales, bars)
        self._note(bars)
        evidence = np.concatenate([whales_evidence(whales[whales["revision"] == 0]), self._told_of_first(legs)])
        evidence = evidence[np.isin(evidence["instrument"], list(self._prices))]
        evidence = evidence[np.lexsort([evidence[name] for name in reversed(EVIDENCE_ORDER)])]
        names = {number: self._names[number] for number in np.unique(evidence["instrument"]).tolist()}
        made = replace(given, bars=bars, candidates=candidates, features=np.empty((0, bars.size)))
        return Backed(made, evidence, names)

    def _told_of_first(self, legs: Rows) -> Rows:
        told = legs.copy()
        for row in told:
            row["instrument"], sign = self._answers.get(int(row["instrument"]), (int(row["instrument"]), 1))
            row["direction"] *= sign
        return told

    def _paid(self, bars: Rows) -> Rows:
        """The bars, with what a resolved market pays as the price of the first that begins at or after that."""
        finest = np.flatnonzero(bars["frame"] == 0)
        waiting = []
        bars = bars.copy() if self._ends.size else bars
        for end in self._ends:
            token = self._tokens.get(int(end["market"]), UNKNOWN)
            after = finest[(bars["instrument"][finest] == token) & (bars["open_time"][finest] >= end["ts"])]
            if after.size:
                for name in ("open", "high", "low", "close"):
                    bars[name][after[0]] = end["payout"]
            elif (
                token in self._prices and not (bars["flags"][finest[bars["instrument"][finest] == token]] & FIRST).any()
            ):
                waiting.append(end)
        self._ends = np.array(waiting, POSITION)
        return bars

    def _note(self, bars: Rows) -> None:
        """The newest price of each instrument; one whose slot another took is forgotten."""
        finest = bars[bars["frame"] == 0]
        newcomers = finest[(finest["flags"] & FIRST) > 0]
        taken = set(newcomers["slot"].tolist())
        if taken:
            self._prices = {each: known for each, known in self._prices.items() if known[0] not in taken}
        columns = ("instrument", "slot", "close_time", "close")
        for instrument, *known in zip(*(finest[name].tolist() for name in columns), strict=True):
            self._prices[instrument] = tuple(known)

    def _candidates(self, whales: Rows, bars: Rows) -> Rows:
        """A candidate for each whale and consensus that has a side, where there is a price to begin from."""
        finest = bars[bars["frame"] == 0]
        out = np.zeros(whales.size, CANDIDATE)
        count = 0
        met = set()
        for row in whales:
            token, direction = int(row["first_token"]), int(row["direction"])
            key = (int(row["ts"]), token, int(row["kind"]))
            known = self._price(token, int(row["ts"]), finest)
            if row["kind"] == DISAGREEMENT or row["revision"] or not direction or known is None or key in met:
                continue
            slot, price = known
            reach = REACH * min(price, 1.0 - price)
            if reach <= 0.0:
                continue
            met.add(key)
            made = out[count]
            count += 1
            made["ts"], made["instrument"], made["slot"] = row["ts"], token, slot
            made["entry_price"], made["direction"] = price, direction
            made["take_profit"], made["stop_loss"] = price + direction * reach, price - direction * reach
            made["expires_at"] = row["ts"] + HORIZON_NS
            made["strategy"] = int(row["kind"] == CONSENSUS)
            made["confidence"] = CONFIDENCE[made["strategy"]]
            made["status"] = row["status"]
            made["reason"] = 0 if row["status"] == EMITTED else SUPPRESSED_REASONS.index("usual_size")
        out = out[:count]
        return out[np.lexsort([out[name] for name in ("strategy", "instrument", "ts")])]

    def _price(self, token: int, at: int, finest: Rows) -> tuple[int, float] | None:
        """The slot of an instrument and its last price at an instant."""
        mine = finest[(finest["instrument"] == token) & (finest["close_time"] <= at)]
        if mine.size:
            return int(mine["slot"][-1]), float(mine["close"][-1])
        known = self._prices.get(token)
        return (known[0], known[2]) if known else None


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
) -> KeyedStream[Backed]:
    """Slices of each shard with the candidates of its whales, and its evidence."""
    news = map_value("news", blocks, _news)
    together: KeyedStream[Any] = merge("together", news, slices, whales, baskets)
    return stateful_batch("candidates", together, Back)


def _news(block: bytes) -> News:
    kind, content = read_block(block)
    if kind in ("trades", "quotes") and content.size:
        return News(int(content["ts"].max()) - 1, [])
    return News(NEVER, content if kind == "markets" else [])
