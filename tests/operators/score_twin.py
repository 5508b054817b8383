"""Naive reference of `score`: plain Python, row by row, with lists and dictionaries only."""

import math
from collections import defaultdict
from fractions import Fraction

import numpy as np

from domain.clock import HOUR, MINUTE
from domain.scores import REGIMES
from domain.scoring import ScoreSettings
from domain.slices import SUPPRESSED_REASONS
from operators.kernels.calibration import calibrate
from operators.kernels.graded import BINS, SUMS, add_graded
from operators.kernels.muting import beta_share
from operators.kernels.thresholds import POINTS, add_valued, least_profitable_value
from operators.kernels.thresholds import SUMS as VALUED


def logit(p):
    p = min(1 - 1e-6, max(1e-6, p))
    return math.log(p / (1 - p))


def sigmoid(z):
    return min(1 - 1e-6, max(1e-6, 1 / (1 + math.exp(-z))))


class Faded:
    """Sums by name that fade at each outcome."""

    def __init__(self, settings):
        self.settings, self.sums, self.at = settings, defaultdict(float), 0

    def fade(self, weight, at):
        slow = min((at - self.at) / (self.settings.half_life_h * HOUR), weight / self.settings.half_life_outcomes)
        for name in self.sums:
            self.sums[name] *= 0.5**slow
        self.at = at

    def add(self, weight, at, **values):
        self.fade(weight, at)
        for name, value in values.items():
            self.sums[name] += value

    def __getitem__(self, name):
        return self.sums[name]


class Twin:
    def __init__(self, half_lives, *, cost, quiet, **settings):
        self.s = ScoreSettings(**settings)
        self.half_lives, self.cost, self.quiet = list(half_lives.values()), cost, quiet
        self.tracks = defaultdict(lambda: Faded(self.s))
        self.pairs = Faded(self.s)
        self.returns = defaultdict(lambda: Faded(self.s))
        self.table, self.table_at = np.zeros((1, BINS, SUMS)), 0
        self.valued = np.zeros((len(REGIMES), POINTS, VALUED))
        self.slope, self.intercept, self.effective, self.ungraded = 1.0, 0.0, 0.0, 0
        self.thresholds = [0.0] * len(REGIMES)
        self.lives = defaultdict(list)  # [began, ended] of every candidate of a lane
        self.thoughts, self.newest = {}, {}
        self.volumes, self.seen, self.muted = defaultdict(list), {}, set()
        self.buckets = {}

    def run(self, world):
        """Score a whole world; one dict a candidate."""
        rows = [(int(o["exit_at"]), 0, at) for at, o in enumerate(world.outcomes)]
        rows += [(int(b["close_time"]), 1, at) for at, b in enumerate(world.bars) if b["frame"] == 0]
        instants = defaultdict(list)
        for at, c in enumerate(world.candidates):
            instants[int(c["ts"])].append(at)
        rows += [(ts, 2, 0) for ts in instants]
        out = {}
        for at, kind, which in sorted(rows):
            if kind == 0:
                self.learn(world.outcomes[which])
            elif kind == 1:
                self.trade(world.bars[which])
            else:
                chosen = instants[at]
                done = self.decide([world.candidates[i] for i in chosen], world.decided[:, chosen].T)
                out.update(zip(chosen, done, strict=True))
        return [out[at] for at in range(len(world.candidates))]

    def meet(self, instrument, at):
        if at - self.seen.get(instrument, at) > self.quiet:
            self.volumes.pop(instrument, None)
            self.muted.discard(instrument)
            self.buckets.pop(instrument, None)
            for book in (self.tracks, self.lives, self.thoughts, self.newest):
                for key in [key for key in book if key[0] == instrument]:
                    del book[key]
        self.seen[instrument] = at

    def trade(self, bar):
        instrument = int(bar["instrument"])
        self.meet(instrument, int(bar["close_time"]))
        if bar["flags"] & 2:
            return
        quote = float(bar["quote_volume"])
        self.volumes[instrument].append(float(bar["volume"] * bar["close"]) if math.isnan(quote) else quote)

    def liquidity(self, instrument):
        volumes = self.volumes[instrument][::-1]
        if sum(volumes) == 0:
            return 1.0

        def mean(half_life):
            weights = [0.5 ** (age / half_life) for age in range(len(volumes))]
            return sum(w * v for w, v in zip(weights, volumes, strict=True)) / sum(weights)

        now, usual = mean(self.s.liquidity_fast_bars), mean(self.s.liquidity_slow_bars)
        return min(1.0, max(0.01, 2 * now / (now + usual))) ** self.s.liquidity_exponent

    def rate(self, instrument=None, strategy=None, regime=None):
        p, m = 0.5, self.s.prior_strength
        keys = [(0,)]
        if strategy is not None:
            keys += [(0, strategy), (0, strategy, regime), (instrument, strategy, regime)]
        for key in keys:
            p = (self.tracks[key]["wins"] + m * p) / (self.tracks[key]["count"] + m)
        return p

    def unique(self, lane, ts, at):
        """Mean, over the minutes of its life, of one over the number that were open."""
        lives = self.lives[lane]
        shares = [1 / sum(began <= minute < ended for began, ended in lives) for minute in range(ts, at, MINUTE)]
        return sum(shares) / len(shares)

    def learn(self, outcome):
        instrument, strategy = int(outcome["instrument"]), int(outcome["strategy"])
        at, ts, r = int(outcome["exit_at"]), int(outcome["ts"]), float(outcome["return_r"])
        self.meet(instrument, at)
        thought = self.thoughts.pop((instrument, strategy, ts), None)
        if thought is None:
            return
        lane = (instrument, strategy)
        for life in self.lives[lane]:
            if life[0] == ts:
                life[1] = at
        weight = self.unique(lane, ts, at)
        if self.newest.get(lane, {}).get("ts") == ts:
            self.newest[lane]["expires_at"] = 0
        if math.isnan(r):
            return
        won, regime = r > 0, thought["regime"]
        for key in ((0,), (0, strategy), (0, strategy, regime), (instrument, strategy, regime), (instrument,)):
            self.tracks[key].add(weight, at, count=weight, wins=weight * won)
        mine = self.tracks[(instrument,)]
        sure = beta_share(self.s.mute_win_rate, 1 + mine["wins"], 1 + mine["count"] - mine["wins"])
        if sure >= (self.s.unmute_probability if instrument in self.muted else self.s.mute_probability):
            self.muted.add(instrument)
        else:
            self.muted.discard(instrument)
        paid = self.returns[strategy]
        paid.add(weight, at, count=weight, wins=weight * won, won=weight * max(r, 0), lost=weight * max(-r, 0),
                 squares=weight * r * r, drawdown=-weight * r)  # fmt: skip
        paid.sums["drawdown"] = max(0.0, paid["drawdown"])
        if thought["others"]:
            pairs, mine, others = self.pairs, thought["own"], thought["others"]
            kind = "won" if won else "lost"
            pairs.add(weight, at, **{kind: weight * (1 + len(others)), kind + "_sum": weight * (mine + sum(others))})
            mean = pairs[kind + "_sum"] / pairs[kind]
            for other in others:
                share = weight / len(others)
                pairs.sums["count"] += share
                pairs.sums["products"] += share * (mine - mean) * (other - mean)
                pairs.sums["squares"] += share * ((mine - mean) ** 2 + (other - mean) ** 2) / 2
        slow = min((at - self.table_at) / (self.s.half_life_h * HOUR), weight / self.s.half_life_outcomes)
        add_graded(self.table, 0, thought["log_odds"], r, weight, 0.5**slow)
        add_valued(self.valued, regime, thought["value"], r, weight, 0.5**slow)
        self.table_at = at
        self.effective = self.table[..., 0].sum() ** 2 / self.table[..., 1].sum()
        self.ungraded += 1
        if self.ungraded >= self.s.refit_outcomes:
            self.refit()

    def refit(self):
        self.ungraded = 0
        if self.effective < self.s.min_graded:
            return
        self.slope, self.intercept = calibrate(self.table[0])
        demands = self.s.threshold_strength, self.s.min_graded, self.s.threshold_deviations
        for regime in range(len(REGIMES)):
            goal = least_profitable_value(self.valued, regime, *demands)
            move = goal - self.thresholds[regime]
            self.thresholds[regime] += max(-self.s.threshold_step, min(self.s.threshold_step, move))

    def rho(self):
        n, squares = self.pairs["count"], self.pairs["squares"]
        r = self.pairs["products"] / squares if squares > 1e-12 * n else 0.0
        return min(1.0, max(0.5, (n * r + 25.0) / (n + 50.0)))

    def decide(self, candidates, decided):
        out = [self.alone(c, features) for c, features in zip(candidates, decided, strict=True)]
        for c, row, features in zip(candidates, out, decided, strict=True):
            self.together(c, row, features[2])
        for row in sorted(out, key=lambda row: -row["final_score"]):
            self.ration(row)
        for row in out:
            lane = (row["instrument"], row["strategy"])
            self.lives[lane].append([row["ts"], math.inf])
            kept = ("regime", "log_odds", "own", "others", "expires_at", "final_score", "value")
            self.thoughts[*lane, row["ts"]] = {name: row[name] for name in kept} | {"emitted": row["reason"] == ""}
        now = out[0]["ts"]
        standing = [t["final_score"] for t in self.thoughts.values() if t["emitted"] and t["expires_at"] > now]
        for row in out:
            better = sum(score > row["final_score"] for score in standing)
            row["ranking"] = 0 if row["reason"] else 1 + better
        return out

    def alone(self, c, features):
        instrument, strategy, ts = int(c["instrument"]), int(c["strategy"]), int(c["ts"])
        self.meet(instrument, ts)
        volatility, trend = features[:2]
        regime = 9 if math.isnan(volatility + trend) else int(volatility * 3 + trend + 1)
        base, known = self.rate(), self.rate(instrument, strategy, regime)
        boost = max(-self.s.boost_max, min(self.s.boost_max, logit(known) - logit(base)))
        z1 = logit(float(c["confidence"])) + boost
        row = {"instrument": instrument, "strategy": strategy, "ts": ts, "regime": regime, "base": base,
               "historical_boost": boost, "adjusted_score": sigmoid(z1), "own": z1 - logit(base),
               "history": self.tracks[0, strategy]["count"], "expires_at": int(c["expires_at"]),
               "direction": int(c["direction"]), "reason": SUPPRESSED_REASONS[c["reason"]]}  # fmt: skip
        if row["reason"] != "incomplete_data":
            self.newest[instrument, strategy] = dict(row)
        return row

    def together(self, c, row, ratio):
        ts, mine = row["ts"], self.half_lives[row["strategy"]]
        others = []
        for strategy, half_life in enumerate(self.half_lives):
            other = self.newest.get((row["instrument"], strategy))
            if other is None or strategy == row["strategy"] or other["expires_at"] <= ts:
                continue
            if ts - other["ts"] > max(mine, half_life):
                continue
            sign = 1 if other["direction"] == row["direction"] else -1
            others.append((-other["ts"], strategy, other["direction"], sign * other["own"],
                           0.5 ** ((ts - other["ts"]) / half_life)))  # fmt: skip
        others.sort()
        k = 1 + sum(weight for *_, weight in others)
        joint = (row["own"] + sum(e * w for *_, e, w in others)) / (1 + (k - 1) * self.rho())
        row["correlation_boost"] = joint - row["own"]
        row["related"] = [(-ts, strategy, direction) for ts, strategy, direction, *_ in others[:4]]
        row["others"] = [e for *_, e, _ in others[:4]]
        row["liquidity_weight"] = self.liquidity(row["instrument"])
        row["log_odds"] = logit(row["base"]) + joint * row["liquidity_weight"]
        p = row["probability"] = sigmoid(self.slope * row["log_odds"] + self.intercept)
        entry, stop, target = (float(c[name]) for name in ("entry_price", "stop_loss", "take_profit"))
        cost = self.cost * entry / abs(entry - stop)
        reward, loss = abs(target - entry) / abs(entry - stop) - cost, 1 + cost
        paid, m = self.returns[row["strategy"]], self.s.prior_strength
        win = (paid["won"] + m * reward) / (paid["wins"] + m)
        lose = (paid["lost"] + m * loss) / (paid["count"] - paid["wins"] + m)
        value = row["value"] = p * win - (1 - p) * lose
        row["expected_r"] = value if paid["count"] > 0 else math.nan
        risk = self.risk(paid, ratio)
        row["risk_penalty"] = 1 - risk
        row["final_score"] = 100 * min(1, max(0, value / self.s.reference_r)) * risk
        row["threshold"] = 0.0
        reason = ""
        if self.effective >= self.s.min_graded:
            asked = self.thresholds[row["regime"]]
            row["threshold"] = min(1.0, (lose + asked) / (lose + win))
            if value <= 0:
                reason = "negative_expected_value"
            elif value < asked:
                reason = "below_threshold"
        if row["instrument"] in self.muted:
            reason = "symbol_muted"
        row["reason"] = row["reason"] or (reason if self.s.gate else "")

    def risk(self, paid, ratio):
        n = paid["count"]
        total = self.s.drawdown_penalty * max(0, paid["drawdown"] / (self.s.drawdown_r * math.sqrt(max(1, n / 25))) - 1)
        if ratio > 1:
            total += self.s.volatility_penalty * math.log(ratio)
        if n > 0:
            mean = (paid["won"] - paid["lost"]) / n
            spread = max(0.1, math.sqrt(max(0, paid["squares"] / n - mean**2)))
            total += self.s.sharpe_penalty * max(0, -mean / spread * n / (n + 30))
        return math.exp(-min(20, total))

    def ration(self, row):
        if row["reason"] or not self.s.gate:
            return
        limits = {row["instrument"]: self.s.signals_per_hour, "all": self.s.signals_per_hour_overall}
        for name, limit in limits.items():
            tokens, at = self.buckets.get(name, (Fraction(limit), row["ts"]))
            tokens = min(Fraction(limit), tokens + Fraction(row["ts"] - at, HOUR) * Fraction(limit))
            self.buckets[name] = tokens, row["ts"]
            if tokens < 1:
                row["reason"] = "rate_cap"
                return
        for name in limits:
            tokens, at = self.buckets[name]
            self.buckets[name] = tokens - 1, at
