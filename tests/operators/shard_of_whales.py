"""One shard of prediction markets without Bytewax: inputs of `back`, outcomes, and a naive reference."""

import math
from bisect import bisect_left
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.blocks import KIND_TRADE, names_block, read_block, trades_block
from domain.clock import HOUR, MINUTE, SECOND
from domain.findings import OPPORTUNITY, BookCounts, Findings
from domain.frames import Frame
from domain.markets import Market
from domain.slices import EXPIRED, OUTCOME, SL_HIT, TP_HIT, Slice
from domain.whales import DISAGREEMENT, WHALE
from operators.back import FRESH_NS, HORIZON_NS, REACH, Back, Backed, _block_update
from operators.roll import Roll, RollSettings
from operators.settle import Costs, Settle
from operators.spot_whales import SpotWhales
from tests.prediction import polymarket
from tests.whales import EAGER, beat, fills, market, market_block

ROLL = RollSettings((Frame.parse("1m"), Frame.parse("5m")), lateness_ns=10 * SECOND, quiet_ns=31 * HOUR)
COSTS = Costs()  # of candidates that have none of their own, which are none of these
SLIPPAGE = 0.002
RATES = {"a": "0.04", "b": "0.07", "c": "0"}
UNTOLD = 0.07
"""Of Polymarket's takers, by market; and of those of `lonely`."""
TOKENS = ("a-yes", "a-no", "b-yes", "b-no", "c-yes", "c-no", "lonely")
Told = tuple[list[Any], list[Slice], list[Any], list[Any]]


def priced(name: str, *state: Any) -> Market:
    """A market whose takers pay."""
    return msgspec.structs.replace(market(name, *state), fees=polymarket(RATES[name]))


def log(seed: int) -> list[bytes]:
    """Two days of trades in order; market a is resolved and perhaps opened again, b paused for good, c void.

    After that, silence until everything has ended. Of `lonely` no market is known.
    """
    rng = np.random.default_rng(seed)
    count = 400
    at_s = np.sort(rng.choice(48 * 3_600, count, replace=False)) + 0.5
    rows = [
        (float(at), int(rng.integers(0, 6)), str(rng.choice(TOKENS)), int(rng.choice([-1, 1, 1])), *_price(rng))
        for at in at_s
    ]
    trades = fills(*rows, first_id=10)
    names = [f"polymarket:{token}" for token in TOKENS]
    blocks: list[tuple[float, bytes]] = [(-1.0, names_block(names)), (-1.0, market_block(*map(priced, "abc")))]
    blocks += [(at, trades_block(trades[each : each + 1])) for each, at in enumerate(at_s.tolist())]
    over_at = float(rng.integers(20, 47) * 3_600)
    blocks.append(
        (over_at, market_block(priced("a", "resolved", str(rng.choice(["yes", "no"]))), priced("b", "paused")))
    )
    blocks.append((float(rng.integers(1, 48) * 3_600), market_block(priced("b", "paused"))))
    blocks.append((float(rng.integers(20, 48) * 3_600), market_block(priced("c", "resolved"))))
    if rng.random() < 0.5:
        blocks.append((over_at + 7_200.0, market_block(priced("a"))))
    return [block for _, block in sorted(blocks, key=lambda each: each[0])] + [beat(100 * 3_600)]


def _price(rng: np.random.Generator) -> tuple[float, float]:
    return float(rng.choice([0.05, 0.3, 0.45, 0.5, 0.6, 0.62, 0.9])), float(np.round(rng.lognormal(5.0, 1.5), 2))


def streams(blocks: list[bytes]) -> Told:
    """What the four streams say of blocks; nothing is found of baskets."""
    roll, spot = Roll(ROLL), SpotWhales(EAGER)
    news, slices, whales, baskets = [], [], [], []
    for block in blocks:
        news.append(_block_update(block))
        slices += roll.on_batch([block])[0]
        whales += spot.on_batch([block])[0]
        kind, content = read_block(block)
        if kind == "trades":
            newest = int(content["ts"].max())
            baskets.append(Findings(newest, [], np.empty(0, OPPORTUNITY), BookCounts()))
    return news, slices, whales, baskets


def settled(backed: list[Backed]) -> NDArray[Any]:
    """All outcomes."""
    machine = Settle(COSTS)
    slices = [slice_ for each in backed for slice_ in machine.on_batch([each.slice])[0]]
    return np.concatenate([np.empty(0, OUTCOME), *(each.outcomes for each in slices)])


def backed_by(blocks: list[bytes]) -> list[Backed]:
    """What `back` makes of blocks, stream by stream."""
    machine, found = Back(), []
    for stream in streams(blocks):
        found += machine.on_batch(stream)[0]
    return found


class Twin:
    """Outcomes of whales, worked out from the trades one by one."""

    def __init__(self, blocks: list[bytes]) -> None:
        self.trades: dict[int, list[tuple[int, float]]] = {}
        self.over: dict[int, list[tuple[int, float | None]]] = {}  # first token: from when on, worth what
        self.rates: dict[int, float] = {}
        self.now = self.end = 0
        for block in blocks:
            kind, content = read_block(block)
            if kind == "trades":
                for row in content:
                    self.now = max(self.now, int(row["ts"]))
                    if row["kind"] == KIND_TRADE:
                        self.trades.setdefault(int(row["instrument"]), []).append((int(row["ts"]), float(row["price"])))
            elif kind == "markets":
                for each in content[0].markets:
                    self.learn(each)

    def learn(self, told_of: Market) -> None:
        self.rates[told_of.yes.instrument] = float(RATES[told_of.slug])
        spans = self.over.setdefault(told_of.yes.instrument, [])
        if told_of.status != "resolved":
            spans.append((self.now, None))
        elif not spans or spans[-1][1] is None:
            spans.append((self.now, 1.0 if told_of.winner == told_of.yes.name else 0.0 if told_of.winner else 0.5))

    def worth(self, token: int, minute: int) -> float | None:
        """What the market has been told to pay by the minute; None if it is not over."""
        told = [pays for at, pays in self.over.get(token, []) if at <= minute]
        return told[-1] if told else None

    def bar(self, token: int, minute: int) -> tuple[float, float, float, float, bool] | None:
        """Open, high, low and close of a minute, and whether somebody traded; None where there is no bar."""
        worth = self.worth(token, minute)
        trades = self.trades.get(token, [])
        start, end = (bisect_left(trades, (at,)) for at in (minute, minute + MINUTE))
        if not end:
            return None
        if worth is not None:
            return worth, worth, worth, worth, False
        inside = [price for _, price in trades[start:end]]
        if inside:
            return inside[0], max(inside), min(inside), inside[-1], True
        last = trades[start - 1][1]
        return last, last, last, last, False

    def outcome(self, row: Any) -> tuple[Any, ...] | None:
        """What became of a whale; None where it is no candidate."""
        token, ts, direction = int(row["first_token"]), int(row["ts"]), int(row["direction"])
        first = ts // MINUTE * MINUTE  # the bar before has closed by now
        known = self.bar(token, first - MINUTE)
        traded = [at for at, _ in self.trades.get(token, []) if at < first]
        if known is None or not traded or not direction:
            return None
        minute = first if ts == first else first + MINUTE
        bars_of = [at for at in traded if self.bar(token, at // MINUTE * MINUTE)[4]]  # type: ignore[index]
        if not bars_of or ts - (bars_of[-1] // MINUTE + 1) * MINUTE > FRESH_NS:
            return None
        price = known[3]
        cost = math.floor(2e6 * (self.rates.get(token, UNTOLD) * (1.0 - price) + SLIPPAGE) + 1e-6) / 2e6
        reach = REACH * min(price, 1.0 - price)
        if reach <= 0.0:
            return None
        target, stop = price + direction * reach, price - direction * reach
        entry, entry_at = math.nan, 0
        while True:
            bar = self.bar(token, minute)
            assert bar is not None
            opened, high, low, close, somebody = bar
            if somebody and not entry_at:
                entry, entry_at = opened, minute
            worst, best = (low, high) if direction > 0 else (-high, -low)
            ended, price_out = -1, math.nan
            if entry_at and worst <= direction * stop:
                ended, price_out = SL_HIT, direction * min(direction * opened, direction * stop)
            elif entry_at and best >= direction * target:
                ended, price_out = TP_HIT, opened if self.worth(token, minute) is not None else target
            elif minute + MINUTE >= ts + HORIZON_NS:
                ended, price_out = EXPIRED, close if entry_at else math.nan
            if ended >= 0:
                sides = 1 if self.worth(token, minute) is not None else 2
                net = direction * (price_out - entry) - sides * cost * entry
                return ts, token, direction, ended, entry_at, minute + MINUTE, entry, price_out, net / reach
            minute += MINUTE

    def outcomes(self, whales: NDArray[Any]) -> list[tuple[Any, ...]]:
        found, met = [], set()
        for row in whales[(whales["kind"] != DISAGREEMENT) & (whales["revision"] == 0)]:
            key = (int(row["ts"]), int(row["first_token"]), int(row["kind"]))
            made = self.outcome(row) if key not in met else None
            if made is not None:
                met.add(key)
                found.append((*made, int(row["kind"] != 0), int(row["status"])))
        return found


def whales_of(blocks: list[bytes]) -> NDArray[Any]:
    """What is found of whales in blocks."""
    return np.concatenate([np.empty(0, WHALE), *(each.rows for each in streams(blocks)[2])])
