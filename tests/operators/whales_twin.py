"""Naive reference of `spot_whales`, written from its description: plain lists without other state."""

import math
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.blocks import KIND_TRADE, NO_ID
from domain.clock import HOUR, MINUTE, SECOND
from domain.instruments import instrument_id
from domain.markets import Market
from domain.whale_settings import WhaleSettings
from operators.kernels.episodes import UNIT
from operators.kernels.sketch import place_of


class Twin:
    """Takes a log entry by entry; `rows`, `positions` and `counts` are what should come out."""

    def __init__(self, settings: WhaleSettings) -> None:
        self.settings = settings
        self.rows: list[dict[str, Any]] = []
        self.positions: list[tuple[Any, ...]] = []
        self.counts: Counter[str] = Counter()
        self.now: int | None = None
        self.seen: list[set[tuple[int, int]]] = [set(), set()]  # since the last turn, and the one before
        self.turn_at = -(10**20)
        self.open: list[dict[str, Any]] = []
        self.sizes: list[tuple[int, int, float]] = []  # touched, market, size
        self.traded: list[tuple[int, int, float]] = []  # at, market, dollars
        self.home: dict[int, tuple[int, int]] = {}  # market and answer of the tokens that were told of
        self.first: dict[int, int] = {}  # first token of the markets that were told of
        self.over: set[int] = set()
        self.cooling: dict[tuple[int, int], tuple[int, float]] = {}
        self.came: list[tuple[int, int, int, int, float]] = []  # market, at, wallet, direction, dollars
        self.agreed: dict[tuple[int, int, int], tuple[int, int, int]] = {}

    def learn(self, market: Market) -> None:
        number = instrument_id(market.name)
        tokens = (market.yes.instrument, market.no.instrument)
        if self.home.get(tokens[0]) != (number, 1):
            for token in tokens:
                for each in [each for each in self.open if each["instrument"] == token]:
                    self.end(each, self.now)
        for token, answer in zip(tokens, (1, -1), strict=True):
            self.home[token] = (number, answer)
        self.first[number] = tokens[0]
        if market.status != "resolved":
            self.over.discard(number)
        elif number not in self.over:
            for each in [each for each in self.open if each["market"] == number]:
                self.end(each, self.now)
            self.over.add(number)
            payout = 1.0 if market.winner == market.yes.name else 0.0 if market.winner else 0.5
            self.positions.append((self.now or 0, number, 0, 0.0, 0.0, payout, 0, 1))
            self.came = [each for each in self.came if each[0] != number]
            self.agreed = {key: each for key, each in self.agreed.items() if key[0] != number}

    def trade(self, row: Any) -> None:
        is_trade = row["kind"] == KIND_TRADE
        if is_trade and not (0 < row["price"] < 1 and 0 < row["size"] < math.inf):
            self.counts["bad"] += 1
            return
        key = (int(row["instrument"]), int(row["id"]))
        if is_trade and (key in self.seen[0] or key in self.seen[1]):
            self.counts["duplicates"] += 1
            return
        ts = int(row["ts"])
        self.now = ts if self.now is None else max(self.now, ts)
        gap = int(self.settings.gap_s * SECOND)
        while self.open and self.now - self.open[0]["touched_at"] > gap:
            self.end(self.open[0], self.open[0]["touched_at"] + gap + 1)
        if not is_trade:
            return
        if self.now - ts > self.settings.lateness_s * SECOND:
            self.counts["late"] += 1
            return
        if key[1] != NO_ID:
            if self.now > self.turn_at:
                self.seen, self.turn_at = [set(), self.seen[0]], self.now + int(self.settings.lateness_s * SECOND)
            self.seen[0].add(key)
        market, answer = self.home.get(key[0], (key[0], 1))
        if market in self.over:
            self.counts["ended"] += 1
            return
        self.counts["accepted"] += 1
        self.counts["unknown"] += key[0] not in self.home
        self.fill(row, market, answer)

    def fill(self, row: Any, market: int, answer: int) -> None:
        now, price, size = self.now, float(row["price"]), float(row["size"])
        self.counts["headlines"] += price * size >= self.settings.headline
        self.traded.append((now, market, price * size))
        who = (int(row["wallet"]), int(row["instrument"]), int(row["side"]))
        mine = next((each for each in self.open if each["who"] == who), None)
        if mine is None:
            mine = {
                "who": who, "wallet": who[0], "instrument": who[1], "side": who[2], "market": market,
                "answer": answer, "opened_at": now, "first_at": int(row["ts"]), "last_at": int(row["ts"]),
                "notional": 0.0, "gain": 0.0, "contracts": 0.0, "fills": 0, "revision": 0, "told": 0.0,
                "large": False, "gates": None,
            }  # fmt: skip
        else:
            self.open.remove(mine)
        self.open.append(mine)
        mine["touched_at"] = now
        mine["first_at"] = min(mine["first_at"], int(row["ts"]))
        mine["last_at"] = max(mine["last_at"], int(row["ts"]))
        mine["fills"] += 1
        mine["contracts"] += size
        mine["notional"] += size * price
        mine["gain"] += size * (1.0 - price)
        if mine["notional"] >= self.settings.floor:
            self.judge(mine)
        if not who[0]:
            self.end(mine, now)

    def judge(self, mine: dict[str, Any]) -> None:
        settings, now = self.settings, self.now
        size = min(mine["notional"], mine["gain"])
        mine["rank"], mine["rank_n"] = self.rank(mine["market"], size)
        life = settings.volume_h * HOUR
        volume = sum(usd * math.exp((at - now) / life) for at, each, usd in self.traded if each == mine["market"])
        mine["share"] = mine["notional"] / max(volume, mine["notional"])
        price = mine["notional"] / mine["contracts"]
        paid = 1 - price if mine["side"] < 0 else price
        gates = (size < settings.floor) * 1 + (paid >= settings.price_max) * 2
        came = not gates and not mine["large"]
        mine["large"] |= came
        if math.isnan(mine["rank"]):
            gates += (size < settings.headline) * 4
        else:
            gates += (mine["rank"] < settings.quantile) * 8
        mine["gates"] = gates
        if not gates and size >= settings.escalation * mine["told"]:
            mine["told"] = size
            key = (mine["wallet"], mine["market"])
            told_at, before = self.cooling.get(key, (-(10**20), 0.0))
            if now - told_at < settings.cooldown_min * MINUTE and size < settings.escalation * before:
                self.decode_messages(mine, now, 16)
            else:
                self.cooling[key] = (now, size)
                self.decode_messages(mine, now, 0)
            mine["revision"] += 1
        direction = mine["side"] * mine["answer"]
        if came and mine["wallet"] and direction:
            self.came.append((mine["market"], now, mine["wallet"], direction, mine["notional"]))
            self.agree(mine)

    def decode_messages(self, mine: dict[str, Any], ts: int, gates: int) -> None:
        row = {name: value for name, value in mine.items() if name in TOLD}
        row |= {
            "kind": 0, "ts": ts, "gates": gates, "status": int(gates > 0), "max_gain": mine["gain"],
            "vwap": mine["notional"] / mine["contracts"], "direction": mine["side"] * mine["answer"],
            "first_token": self.first.get(mine["market"], mine["market"]),
            "wallets": int(mine["wallet"] != 0), "against": 0, "posterior": math.nan, "chance": math.nan,
        }  # fmt: skip
        self.rows.append(row)

    def end(self, mine: dict[str, Any], when: int) -> None:
        self.open.remove(mine)
        if mine["gates"] is not None and not mine["told"]:
            self.decode_messages(mine, when, mine["gates"])
        told = mine["instrument"] in self.home and self.home[mine["instrument"]][0] == mine["market"]
        if mine["wallet"] and mine["side"] and told and mine["notional"] >= self.settings.record_floor:
            paid = mine["notional"] if mine["side"] > 0 else mine["gain"]
            self.positions.append(
                (when, mine["market"], mine["wallet"], mine["contracts"], paid, 0.0, mine["side"] * mine["answer"], 0)
            )
        self.sizes.append((mine["touched_at"], mine["market"], min(mine["notional"], mine["gain"])))

    def rank(self, market: int, size: float) -> tuple[float, float]:
        own = [each for each in self.sizes if each[1] == market]
        mine, n = self.below(own, size)
        everything, total = self.below(self.sizes, size)
        span = self.settings.span_h * HOUR
        if not self.sizes or self.now - self.sizes[0][0] < span or total < self.settings.baseline:
            return math.nan, n
        weight = n * min(1.0, (self.now - own[0][0]) / span) if own else 0.0
        baseline = self.settings.baseline
        return (weight * mine + baseline * everything) / (weight + baseline), n

    def below(self, sizes: list[tuple[int, int, float]], size: float) -> tuple[float, float]:
        """Share of faded weight under the size, in bins of 16 a decade from 1 dollar on, and the weight."""
        place = place_of(size * UNIT)
        bins, newest = np.zeros(98), 0
        for at, _, each in sizes:
            newest = max(newest, at)  # what ends early fades with the newest
            bins[int(place_of(each * UNIT) + 0.5)] += 2.0 ** ((newest - self.now) / (self.settings.half_life_h * HOUR))
        if not sizes:
            return 0.5, 0.0
        under = int(place)
        toward = place - under
        lower = bins[:under].sum() + 0.5 * (1 + toward) * bins[under] + 0.5 * toward * bins[under + 1]
        return float(lower / bins.sum()), float(bins.sum())

    def agree(self, by: dict[str, Any]) -> None:
        settings, now, market = self.settings, self.now, by["market"]
        mine = [each[1:] for each in self.came if each[0] == market]
        window = int(settings.consensus_h * HOUR)
        inside = [each for each in mine if now - each[0] <= window]
        sides = {side: {wallet for _, wallet, each, _ in inside if each == side} for side in (1, -1)}
        pure = {side: sides[side] - sides[-side] for side in sides}
        leading = 1 if len(pure[1]) >= len(pure[-1]) else -1
        ahead, behind = len(pure[leading]), len(pure[-leading])
        posterior = beta_above_half(ahead + 1, behind + 1)
        half_life = settings.half_life_h * HOUR
        left = [
            at + window
            for nth, (at, wallet, _, _) in enumerate(mine, 1)
            if now - at > window and not any(w == wallet and t <= at + window for t, w, _, _ in mine[nth:])
        ]
        seen = sum(2.0 ** ((at - now) / half_life) for at in left)
        life = half_life / math.log(2)
        hours = life * (1 - math.exp(-max(0, now - window - mine[0][0]) / life)) / HOUR
        rate = (seen + 1) / (hours + 1 / settings.rate_per_h)
        clear, least = posterior >= settings.consensus_posterior, settings.consensus_wallets
        found = {}
        if ahead >= least and clear:
            found[1, leading] = (ahead, behind, pure[leading])
        if not clear and ahead + behind >= least and behind >= max(2, least // 2):
            found[2, 0] = (ahead + behind, behind, pure[1] | pure[-1])
        for (kind, direction), (wallets, against, theirs) in found.items():
            chance = poisson_at_least(wallets, rate * settings.consensus_h)
            opened_at, before, revision = self.agreed.get((market, kind, direction), (now, 0, 0))
            if chance > settings.consensus_chance or wallets < settings.escalation * before:
                continue
            self.agreed[market, kind, direction] = (opened_at, wallets, revision + 1)
            came = [each for each in inside if each[1] in theirs]
            self.rows.append(
                {
                    "kind": kind,
                    "ts": now,
                    "opened_at": opened_at,
                    "first_at": came[0][0],
                    "last_at": now,
                    "instrument": self.first.get(market, market),
                    "market": market,
                    "wallet": 0,
                    "side": direction,
                    "direction": direction,
                    "notional": sum(each[3] for each in came),
                    "max_gain": math.nan,
                    "contracts": math.nan,
                    "vwap": math.nan,
                    "rank": math.nan,
                    "rank_n": 0.0,
                    "share": math.nan,
                    "fills": 0,
                    "revision": revision,
                    "gates": 0,
                    "status": 0,
                    "wallets": wallets,
                    "against": against,
                    "posterior": posterior,
                    "chance": chance,
                }
            )
        for key in [key for key in self.agreed if key[0] == market and key[1:] not in found]:
            del self.agreed[key]


TOLD = (
    *("opened_at", "first_at", "last_at", "instrument", "market", "wallet", "side", "notional", "contracts"),
    *("rank", "rank_n", "share", "fills", "revision"),
)


def beta_above_half(a: int, b: int) -> float:
    """P(Beta(a, b) > 0.5) of whole numbers, as a tail of coin tosses."""
    tosses = a + b - 1
    return sum(math.comb(tosses, heads) for heads in range(a)) / 2.0**tosses


def poisson_at_least(least: int, expected: float) -> float:
    """By the terms that are asked for."""
    return math.fsum(
        math.exp(k * math.log(expected) - expected - math.lgamma(k + 1)) for k in range(least, least + 200)
    )


def twin_of(log: list[Market | NDArray[Any]], settings: WhaleSettings) -> Twin:
    """The twin after a log."""
    twin = Twin(settings)
    for each in log:
        if isinstance(each, Market):
            twin.learn(each)
        else:
            twin.trade(each[0])
    return twin
