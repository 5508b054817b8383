"""Naive reference of `correlate` in plain Python."""

import math
from collections import defaultdict
from typing import Any

import numpy as np

from domain.aligned import Aligned
from domain.clock import DAY, HOUR
from domain.composites import COMPONENTS, EVENT, KINDS, SIGNAL
from domain.correlation import CorrelateSettings
from domain.scores import REGIMES
from domain.slices import EMITTED
from domain.statistics.odds import logit, sigmoid
from operators.catalogue import Catalogue
from operators.correlate import ZONE_BARS, Scope
from operators.kernels.calibration import calibrate
from operators.kernels.graded import BINS, SUMS, add_graded, effective
from operators.patterns import Pattern
from tests.operators.neighbours_twin import Neighbours

Row = dict[str, Any]


class Record:
    """Decayed wins and outcomes."""

    def __init__(self, settings: CorrelateSettings) -> None:
        self.count = self.wins = 0.0
        self.at = 0
        self.half_life, self.outcomes = settings.half_life_h * HOUR, settings.half_life_outcomes

    def keep(self, at: int) -> float:
        return float(2.0 ** -min((at - self.at) / self.half_life, 1.0 / self.outcomes))

    def add(self, won: bool, at: int) -> None:
        keep = self.keep(at)
        self.count, self.wins, self.at = self.count * keep + 1, self.wins * keep + won, at

    def rate(self, parent: float, strength: float) -> float:
        return (self.wins + strength * parent) / (self.count + strength)


class Twin:
    """The rules, and all that was ever seen."""

    def __init__(self, settings: CorrelateSettings, ideas: Catalogue, scope: Scope) -> None:
        self.settings, self.ideas, self.scope = settings, ideas, scope
        self.names = {SIGNAL: [s.name for s in ideas.strategies], EVENT: [d.name for d in ideas.detectors]}
        self.all = Record(settings)
        self.records: dict[tuple[int, bool], Record] = defaultdict(lambda: Record(settings))
        self.rows: dict[int, list[Row]] = defaultdict(list)
        self.paced: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.longest = max(p.window for p in ideas.patterns) * scope.primary_ns
        self.seen: dict[int, int] = {}
        self.regime: dict[int, int] = defaultdict(lambda: len(REGIMES) - 1)
        self.awaiting: dict[tuple[int, int, int], Row] = {}
        self.told: dict[tuple[int, str, int], int] = {}
        self.kept: dict[tuple[int, int], int] = {}
        self.past = Neighbours(settings, ZONE_BARS * scope.primary_ns)
        self.graded, self.graded_at = np.zeros((1, BINS, SUMS)), 0
        self.slope, self.intercept = 1.0, 0.0
        self.tokens, self.filled_at = 0.0, 0

    def run(self, given: Aligned) -> list[Row]:
        scored = given.scores.size > 0
        columns = [self.ideas.columns.index(name) for p in self.ideas.patterns for name in p.features]
        states = [self.ideas.columns.index(name) for name in ("volatility_state", "trend_state")]
        looked_at = given.events[given.events["frame"] >= self.scope.primary]
        times = (looked_at["ts"], given.candidates["ts"], given.outcomes["exit_at"], given.evidence["ts"])
        out: list[Row] = []
        for now in sorted({int(at) for column in times for at in column}):
            for row in given.outcomes[given.outcomes["exit_at"] == now]:
                self.learn(row)
            for row in looked_at[looked_at["ts"] == now]:
                self.put(row, EVENT, int(row["detector"]), strength=float(row["strength"]))
                if self.ideas.detectors[row["detector"]].name == "regime_change" and row["frame"] == self.scope.primary:
                    self.regime[int(row["instrument"])] = len(REGIMES) - 1
            for row in given.evidence[given.evidence["ts"] == now]:
                self.meet(int(row["instrument"]), now)
                self.rows[int(row["instrument"])].append({name: row[name].item() for name in row.dtype.names})
                self.paced[int(row["instrument"])].append((now, int(row["kind"])))
            vectors: dict[tuple[int, int], Any] = {}
            for at in np.flatnonzero(given.candidates["ts"] == now):
                row, code = given.candidates[at], given.decided[states, at]
                instrument, way = self.meet(int(row["instrument"]), now), int(row["direction"])
                self.regime[instrument] = len(REGIMES) - 1 if np.isnan(code).any() else int(code[0] * 3 + code[1] + 1)
                vector = given.decided[columns, at].astype(np.float32)
                beside = [e for e in self.rows[instrument] if e["ts"] == now and e["kind"] == EVENT]
                beside = [e for e in beside if e["frame"] == self.scope.primary]
                zone = ZONE_BARS * self.scope.primary_ns
                kept = now - self.kept.get((instrument, way), 0) >= zone
                if kept:
                    self.kept[instrument, way] = now
                mine = {"beside": beside, "kept": kept, "vector": vector, "claims": []}
                self.awaiting[instrument, now, int(row["strategy"])] = mine
                if row["status"] == EMITTED:
                    vectors[instrument, way] = vector
                    score = given.scores[at] if scored else None
                    p = float(score["probability"] if score is not None else row["confidence"])
                    expected = float(score["expected_r"]) if score is not None else math.nan
                    risk = float(score["risk_penalty"]) if score is not None else 0.0
                    self.put(row, SIGNAL, int(row["strategy"]), strength=p, p=p, expected=expected, risk=risk)
            out += self.search(now, vectors)
        return out

    def meet(self, instrument: int, now: int) -> int:
        if now - self.seen.get(instrument, now) > self.scope.quiet_ns:
            for there in (self.rows, self.regime, self.paced):
                there.pop(instrument, None)
            for book in (self.awaiting, self.told, self.kept):
                for key in [key for key in book if key[0] == instrument]:  # type: ignore[attr-defined]
                    del book[key]  # type: ignore[attr-defined]
        self.seen[instrument] = now
        return instrument

    def put(self, row: Any, kind: int, idea: int, *, strength: float, p: float = math.nan,
            expected: float = math.nan, risk: float = 0.0) -> None:  # fmt: skip
        instrument = self.meet(int(row["instrument"]), int(row["ts"]))
        frame = int(row["frame"]) if kind == EVENT else self.scope.primary
        self.rows[instrument].append(
            {
                "instrument": instrument,
                "ts": int(row["ts"]),
                "kind": kind,
                "idea": idea,
                "source": idea + 1,
                "direction": int(row["direction"]),
            }
            | {"strength": strength, "probability": p, "expected_r": expected, "risk": risk, "frame": frame}
        )

    def learn(self, row: Any) -> None:
        instrument, at, won = (
            self.meet(int(row["instrument"]), int(row["exit_at"])),
            int(row["exit_at"]),
            row["return_r"] > 0,
        )
        ended = (int(row["ts"]), SIGNAL, int(row["strategy"]))
        rows = [e for e in self.rows[instrument] if at - e["ts"] < self.longest]  # what no window reaches is let go
        self.rows[instrument] = [e for e in rows if (e["ts"], e["kind"], e["idea"]) != ended]
        mine = self.awaiting.pop((instrument, int(row["ts"]), int(row["strategy"])), None)
        if mine is None or np.isnan(row["return_r"]):
            return
        self.all.add(won, at)
        way = int(row["direction"])
        for key in sorted({(e["idea"], e["direction"] == -way) for e in mine["beside"]}):
            self.records[key].add(won, at)
        for odds in mine["claims"]:
            keep = 2.0 ** -min(
                (at - self.graded_at) / (self.settings.half_life_h * HOUR), 1 / self.settings.half_life_outcomes
            )
            add_graded(self.graded, 0, odds, row["return_r"], 1.0, keep)
            self.graded_at = at
        if mine["claims"] and effective(self.graded) >= 30:
            self.slope, self.intercept = calibrate(self.graded[0])
        if mine["kept"]:
            self.past.remember(mine["vector"], at, way, won)

    def match(self, pattern: Pattern, way: int, now: int, rows: list[Row]) -> list[list[Row]]:
        window = pattern.window * self.scope.primary_ns
        taken: list[list[Row]] = []
        for need in pattern.needs:
            mine: list[Row] = []
            for row in reversed(rows):
                if now - row["ts"] >= window:
                    break
                names = self.names.get(row["kind"], [])
                named = not need.names or (row["idea"] < len(names) and names[row["idea"]] in need.names)
                fits = KINDS[row["kind"]] in need.kinds and named and row["strength"] >= need.strength
                fits = fits and (row["direction"] != 0 or not need.sided) and row["direction"] * way >= 0
                before = [(e["kind"], e["source"]) for part in [*taken, mine] for e in part] if fits else []
                if fits and (row["kind"], row["source"]) not in before:
                    mine.append(row)
            if len(mine) < need.least:
                return []
            taken.append(mine)
        every = [row for part in taken for row in part]
        new, sided = any(e["ts"] == now for e in every), way == 0 or any(e["direction"] == way for e in every)
        return taken if new and sided else []

    def search(self, now: int, vectors: dict[tuple[int, int], Any]) -> list[Row]:
        found = []
        for instrument in sorted(self.rows):
            rows = self.rows[instrument]
            if any(row["ts"] == now for row in rows) or any(key[:2] == (instrument, now) for key in self.awaiting):
                for at, pattern in enumerate(self.ideas.patterns):
                    for way in (-1, 1) if pattern.directed else (0,):
                        made = self.compose(instrument, pattern, way, now, rows, vectors)
                        found += [made | {"pattern": at}] if made else []
        return self.decode_messages(found, now) if found else []

    def compose(self, instrument: int, pattern: Pattern, way: int, now: int, rows: list[Row],
                vectors: dict[tuple[int, int], Any]) -> Row | None:  # fmt: skip
        parts = self.match(pattern, way, now, rows)
        if not parts:
            return None
        chosen = [row for part in parts for row in part]
        if not pattern.directed:
            way = int(np.sign(sum(row["direction"] * row["strength"] for row in chosen)))
        window = pattern.window * self.scope.primary_ns
        last = self.told.get((instrument, pattern.name, way))
        if last is not None and now - last < pattern.cooldown * self.scope.primary_ns:
            return None
        m = self.settings.prior_strength
        base = self.all.rate(0.5, m)
        statistic = {"distinct": float(len(chosen)), "strength": max(row["strength"] for row in parts[0])}.get(
            pattern.statistic
        )
        pieces: list[tuple[float, float]] = []
        if pattern.statistic == "repeat":
            shown = (instrument, way) in vectors
            rate, n, lower = self.past.repeat(vectors[instrument, way], way, now, base) if shown else (0, 0, -1)
            if n < 15 or lower <= pattern.threshold:
                return None
            statistic = lower
            pieces.append((logit(float(rate)) - logit(base), 1.0))
        weights = [self.weigh(row, way != 0 and row["direction"] == -way, now, window, base) for row in chosen]
        pieces += weights
        recent = [row for row in rows if now - row["ts"] < window]
        if pattern.directed:
            pieces += [
                self.weigh(r, True, now, window, base) for r in recent if r["direction"] == -way and r["kind"] != EVENT
            ]
        discount = 1 + max(0.0, sum(w for _, w in pieces) - 1) * self.settings.same_tape
        joint = sum(excess for excess, _ in pieces) / discount
        if pattern.statistic == "log_odds":
            statistic = joint
        if pattern.statistic == "posterior":
            statistic, chance = self.consensus(pattern, way, now, window, rows)
            if chance > pattern.chance:
                return None
        known = [row["expected_r"] for row in chosen if not math.isnan(row["expected_r"])]
        expected = float(np.mean(known)) if known else math.nan
        assert statistic is not None
        if statistic < pattern.threshold or expected <= 0:
            return None
        odds = logit(base) + joint
        p = sigmoid(self.slope * odds + self.intercept)
        ups = sum(row["strength"] for row in recent if row["direction"] > 0)
        downs = sum(row["strength"] for row in recent if row["direction"] < 0)
        agreed = {1: ups, -1: downs, 0: max(ups, downs)}[way] / (ups + downs) if ups + downs else 1.0
        signals = [row for row in chosen if row["kind"] == SIGNAL and row["direction"] * way >= 0]
        signals = [row for row in signals if (instrument, row["ts"], row["idea"]) in self.awaiting]
        best = max(signals, key=lambda row: row["probability"], default=None)
        return {
            "ts": now, "instrument": instrument, "direction": way, "components": min(len(chosen), COMPONENTS),
            "regime": self.regime[instrument], "statistic": statistic, "composite_confidence": p,
            "correlation_score": agreed, "expected_return": expected, "name": pattern.name, "odds": odds,
            "risk_score": 1 - p * (1 - max(row["risk"] for row in chosen)) * agreed,
            "weight": max(abs(excess) for excess, _ in weights) / discount,
            "claim": (instrument, best["ts"], best["idea"]) if best else None,
        }  # fmt: skip

    def weigh(self, row: Row, opposed: bool, now: int, window: int, base: float) -> tuple[float, float]:
        left = 2.0 ** -((now - row["ts"]) / window)
        if not math.isnan(row["probability"]):
            excess = (logit(row["probability"]) - logit(base)) * left
            return (-excess if opposed else excess), left
        if row["kind"] != EVENT:
            return 0.0, 0.0
        record, m = self.records[row["idea"], opposed], self.settings.prior_strength
        return (logit(record.rate(base, m)) - logit(base)) * left, record.count / (record.count + m) * left

    def consensus(self, pattern: Pattern, way: int, now: int, window: int, rows: list[Row]) -> tuple[float, float]:
        kind = KINDS.index(pattern.needs[0].kinds[0])
        newest: dict[int, int] = {}
        for row in reversed(rows):
            if row["kind"] == kind and now - row["ts"] < window and row["direction"]:
                newest.setdefault(row["source"], row["direction"])
        mine, n = sum(each == way for each in newest.values()), len(newest)
        posterior = sum(math.comb(n + 1, heads) for heads in range(mine + 1)) / 2 ** (n + 1)
        every = [at for at, each in self.paced[int(rows[0]["instrument"])] if each == kind]
        paced = sum(2.0 ** -((now - at) / DAY) for at in every) + 1
        span = DAY / math.log(2) * (1 - 2.0 ** -((now - every[0]) / DAY))
        mean = paced * window / max(span, window)
        return posterior, 1 - sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(n))

    def decode_messages(self, found: list[Row], now: int) -> list[Row]:
        active = sum(now - at <= DAY for at in self.seen.values())
        an_hour = self.settings.composites_per_hour * active / 10
        self.tokens = min(max(1.0, an_hour), self.tokens + (now - self.filled_at) * (an_hour / HOUR))
        self.filled_at = now
        told = []
        for each in sorted(found, key=lambda row: -row["composite_confidence"]):
            if self.tokens < 1:
                break
            self.tokens -= 1
            self.told[each["instrument"], each["name"], each["direction"]] = now
            if each["claim"] and len(self.awaiting[each["claim"]]["claims"]) < 4:
                self.awaiting[each["claim"]]["claims"].append(each["odds"])
            told.append(id(each))
        return [each for each in found if id(each) in told]
