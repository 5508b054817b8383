"""Scoring: outcomes teach, bars tell how liquid, candidates are judged; in the order of event time.

At one instant outcomes come first, then bars, then candidates, and candidates of one instant see each
other: what is concluded does not depend on the order in which shards or strategies are listed.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.scores import REGIMES
from domain.slices import EMITTED, SUPPRESSED, SUPPRESSED_REASONS
from operators.kernels import kernel
from operators.kernels.book import LANE, NONE, RELATED, THOUGHT, drop, put, take
from operators.kernels.buckets import refill
from operators.kernels.calibration import calibrate
from operators.kernels.fading import kept
from operators.kernels.fusion import PAIRS, correlation, fuse, learn_pairs
from operators.kernels.graded import BINS, SUMS, add_graded, effective
from operators.kernels.history import EVEN, TRACK, rate, teach
from operators.kernels.liquidity import add_turnover, liquidity
from operators.kernels.logit import logit, sigmoid
from operators.kernels.muting import muted
from operators.kernels.payoff import RETURNS, add_return, payoff, risk
from operators.kernels.thresholds import LEAST, wanted

INSTRUMENT = np.dtype(
    [(name, "<i8") for name in ("at", "seen_at", "filled_at", "credit", "muted")]
    + [(name, "<f8") for name in ("count", "wins", "fast", "fast_seen", "slow", "slow_seen")]
)
"""A track of all its outcomes, whether it is muted, its bucket of signals, and its turnover."""
STATE = np.dtype(
    [(name, "<i8") for name in ("at", "now", "filled_at", "credit", "ungraded")]
    + [(name, "<f8") for name in ("slope", "intercept", "effective")]
)
"""What holds for all: newest outcome and newest row of any kind, the calibrator, the effective number of
graded candidates, how many came since the last fit, and the bucket of all signals."""

Floats = NDArray[np.float64]
Rows = NDArray[Any]


class Memory(NamedTuple):
    """All that is remembered; `blank` begins it."""

    state: Rows  # (1,) STATE
    overall: Rows  # (1,) TRACK
    strategies: Rows  # (strategies,) TRACK
    kinds: Rows  # (strategies, regimes) TRACK
    returns: Rows  # (strategies,) RETURNS
    pairs: Rows  # (1,) PAIRS
    graded: Floats  # (regimes, BINS, SUMS)
    thresholds: Floats  # (regimes,)
    instruments: Rows  # (slots,) INSTRUMENT
    lanes: Rows  # (slots, strategies) LANE
    records: Rows  # (slots, strategies, regimes) TRACK
    pool: Rows  # (places,) THOUGHT
    beside: Floats  # (places, RELATED) evidence of related signals, seen from the candidate's side
    free: NDArray[np.int64]  # stack of free places, its count first


class Rules(NamedTuple):
    """What the settings say, as the kernels want it."""

    half_lives: Floats  # (strategies,) of evidence, ns
    memory: tuple[float, float]  # half-life in ns and in outcomes
    quiet: int  # ns
    cost: float  # fraction of the price, both sides
    prior: float
    boost: float
    exponent: float
    keep_fast: float
    keep_slow: float
    reference_r: float
    drawdown_r: float
    penalties: tuple[float, float, float]
    least: float
    refit: int
    deviations: float
    strength: float
    slew: float
    mute: tuple[float, float, float]  # poor rate, mute at, unmute at
    price: int  # ns of credit that a signal costs its instrument
    price_overall: int


def blank(slots: int, strategies: int) -> Memory:
    """Memory of nothing, with room for so many instruments."""
    regimes = len(REGIMES)
    state = np.zeros(1, STATE)
    state["slope"] = 1.0
    return Memory(
        state=state,
        overall=np.zeros(1, TRACK),
        strategies=np.zeros(strategies, TRACK),
        kinds=np.zeros((strategies, regimes), TRACK),
        returns=np.zeros(strategies, RETURNS),
        pairs=np.zeros(1, PAIRS),
        graded=np.zeros((regimes, BINS, SUMS)),
        thresholds=np.full(regimes, LEAST),
        instruments=np.zeros(slots, INSTRUMENT),
        lanes=np.zeros((slots, strategies), LANE),
        records=np.zeros((slots, strategies, regimes), TRACK),
        pool=np.zeros(0, THOUGHT),
        beside=np.zeros((0, RELATED)),
        free=np.zeros(1, np.int64),
    )


_REASONS = {name: at for at, name in enumerate(SUPPRESSED_REASONS)}
INCOMPLETE = _REASONS["incomplete_data"]
BELOW, NEGATIVE, MUTED, CAPPED = (
    _REASONS[name] for name in ("below_threshold", "negative_expected_value", "symbol_muted", "rate_cap")
)


@kernel
def forget(slot, memory):
    """Begin an instrument anew."""
    for strategy in range(memory.lanes.shape[1]):
        drop(memory.lanes[slot, strategy], memory.pool, memory.free)
        for regime in range(memory.records.shape[2]):
            track = memory.records[slot, strategy, regime]
            track.at = 0
            track.count = track.wins = 0.0
    mine = memory.instruments[slot]
    mine.at = mine.seen_at = mine.filled_at = mine.credit = mine.muted = 0
    mine.count = mine.wins = mine.fast = mine.fast_seen = mine.slow = mine.slow_seen = 0.0


@kernel
def _meet(slot, at, memory, rules):
    """The instrument in a slot; one that was quiet for long is met for the first time."""
    mine = memory.instruments[slot]
    if mine.seen_at and at - mine.seen_at > rules.quiet:
        forget(slot, memory)
    mine.seen_at = at
    return mine


@kernel
def _refit(memory, rules):
    """Fit the calibrator, and move each regime's threshold a step towards what pays."""
    state = memory.state[0]
    state.ungraded = 0
    if state.effective < rules.least:
        return
    state.slope, state.intercept = calibrate(memory.graded.sum(axis=0))
    for regime in range(memory.thresholds.size):
        goal = wanted(
            memory.graded, regime, state.slope, state.intercept, rules.strength, rules.least, rules.deviations
        )
        move = goal - memory.thresholds[regime]
        memory.thresholds[regime] += min(rules.slew, max(-rules.slew, move))


@kernel
def _learn(outcome, slot, memory, rules):
    """Take an outcome in."""
    at, strategy = outcome.exit_at, outcome.strategy
    mine = _meet(slot, at, memory, rules)
    if strategy < 0 or strategy >= memory.lanes.shape[1]:
        return
    lane = memory.lanes[slot, strategy]
    place, weight, emitted = take(lane, outcome.ts, at, memory.pool, memory.free)
    if place == NONE:
        return
    outcome.status = EMITTED if emitted else SUPPRESSED
    if lane.ts == outcome.ts:
        lane.expires_at = 0
    return_r = outcome.return_r
    if np.isnan(return_r):
        return
    thought, won, state = memory.pool[place], return_r > 0.0, memory.state[0]
    regime = thought.regime
    teach(memory.overall[0], won, weight, at, rules.memory)
    teach(memory.strategies[strategy], won, weight, at, rules.memory)
    teach(memory.kinds[strategy, regime], won, weight, at, rules.memory)
    teach(memory.records[slot, strategy, regime], won, weight, at, rules.memory)
    teach(mine, won, weight, at, rules.memory)
    poor, mute_at, unmute_at = rules.mute
    mine.muted = muted(mine, mine.muted, poor, mute_at, unmute_at)
    add_return(memory.returns[strategy], return_r, weight, at, rules.memory)
    if thought.related > 0:
        others = memory.beside[place, : thought.related]
        learn_pairs(memory.pairs[0], thought.evidence, others, won, weight, at, rules.memory)
    keep = kept(at - state.at, weight, rules.memory)
    add_graded(memory.graded, regime, thought.log_odds, return_r, weight, keep)
    state.at = at
    state.effective = effective(memory.graded)
    state.ungraded += 1
    if state.ungraded >= rules.refit:
        _refit(memory, rules)


@kernel
def _weigh(candidate, slot, regime, memory, rules, row):
    """Judge a candidate by itself: base and history. Its evidence, log-odds over the base rate."""
    strategy = candidate.strategy
    _meet(slot, candidate.ts, memory, rules)
    base = rate(memory.overall[0], EVEN, rules.prior)
    mine = memory.strategies[strategy]
    known = rate(mine, base, rules.prior)
    known = rate(memory.kinds[strategy, regime], known, rules.prior)
    known = rate(memory.records[slot, strategy, regime], known, rules.prior)
    boost = min(rules.boost, max(-rules.boost, logit(known) - logit(base)))
    claimed = base if np.isnan(candidate.confidence) else candidate.confidence
    alone = logit(claimed) + boost
    row.regime, row.historical_boost, row.history = regime, boost, mine.count
    row.adjusted_score, row.time_decay_factor = sigmoid(alone), 1.0
    evidence = alone - logit(base)
    if candidate.reason != INCOMPLETE:  # a candidate on bars with missing trades is no evidence for others
        lane = memory.lanes[slot, strategy]
        lane.ts, lane.expires_at = candidate.ts, candidate.expires_at
        lane.direction, lane.evidence = candidate.direction, evidence
    return evidence


@kernel
def _relate(candidate, slot, own, memory, rules, row, related, evidence, weights):
    """Fuse a candidate's evidence with that of other open signals of its instrument; the log-odds over the base rate.

    `evidence` and `weights` have room for every strategy; `related` takes the RELATED newest.
    """
    at, half_life = candidate.ts, rules.half_lives[candidate.strategy]
    evidence[0], weights[0] = own, 1.0
    count, told = 1, 0
    instants, strategies, directions = row.correlated, row.correlated_strategy, row.correlated_direction
    for strategy in range(memory.lanes.shape[1]):
        lane = memory.lanes[slot, strategy]
        age = at - lane.ts
        if strategy == candidate.strategy or lane.expires_at <= at or age > max(half_life, rules.half_lives[strategy]):
            continue
        seen = lane.evidence if lane.direction == candidate.direction else -lane.evidence
        evidence[count], weights[count] = seen, 2.0 ** (-age / rules.half_lives[strategy])
        count += 1
        place = min(told, RELATED)  # newest first; of one instant in the order of the catalogue
        while place > 0 and instants[place - 1] < lane.ts:
            if place < RELATED:
                instants[place], strategies[place] = instants[place - 1], strategies[place - 1]
                directions[place], related[place] = directions[place - 1], related[place - 1]
            place -= 1
        if place < RELATED:
            instants[place], strategies[place], directions[place] = lane.ts, strategy, lane.direction
            related[place] = seen
            told = min(RELATED, told + 1)
    row.correlations = told
    return fuse(evidence[:count], weights[:count], correlation(memory.pairs[0]))


@kernel
def _judge(candidate, slot, ratio, own, joint, memory, rules, row):
    """Fill the numbers of a candidate; the reason to suppress it, or 0. Returns the calibrator's input as well."""
    state, strategy = memory.state[0], candidate.strategy
    mine, returns = memory.instruments[slot], memory.returns[strategy]
    row.correlation_boost = joint - own
    row.liquidity_weight = liquidity(mine, rules.exponent)
    log_odds = logit(rate(memory.overall[0], EVEN, rules.prior)) + joint * row.liquidity_weight
    row.probability = sigmoid(state.slope * log_odds + state.intercept)
    planned = abs(candidate.entry_price - candidate.stop_loss)
    reward, loss = 0.0, 1.0
    if planned > 0.0:
        cost = rules.cost * candidate.entry_price / planned
        reward, loss = abs(candidate.take_profit - candidate.entry_price) / planned - cost, 1.0 + cost
    wins, losses = payoff(returns, reward, loss, rules.prior)
    value = row.probability * wins - (1.0 - row.probability) * losses
    row.expected_r = value if returns.count > 0.0 else np.nan
    stands = risk(returns, ratio, rules.drawdown_r, rules.penalties)
    row.risk_penalty = 1.0 - stands
    row.final_score = 100.0 * min(1.0, max(0.0, value / rules.reference_r)) * stands
    reason = 0
    if state.effective >= rules.least:
        even = loss / (loss + reward) if reward > 0.0 else 1.0
        row.threshold = min(1.0, max(memory.thresholds[row.regime], even))
        if row.probability < row.threshold:
            reason = BELOW
        elif value <= 0.0:
            reason = NEGATIVE
    if mine.muted:
        reason = MUTED
    return reason, log_odds


@kernel
def _ration(candidates, slots, passed, scores, memory, rules):
    """Spend the credit of one instant on the best ranks first; True where a candidate got through."""
    sent = np.zeros(passed.size, np.bool_)
    if not passed.any():
        return sent
    state = memory.state[0]
    for at in np.argsort(-scores, kind="mergesort"):
        if not passed[at]:
            continue
        ts = candidates[at].ts
        mine = memory.instruments[slots[at]]
        if refill(mine, ts) >= rules.price and refill(state, ts) >= rules.price_overall:
            mine.credit -= rules.price
            state.credit -= rules.price_overall
            sent[at] = True
    return sent


@kernel
def _rank(candidates, out, memory):
    """Rank the emitted of one instant among all that are emitted and open; the best is 1, equals share a rank."""
    ts = candidates[0].ts
    open_scores = np.empty(memory.pool.size)
    count = 0
    for place in range(memory.pool.size):
        if memory.pool[place].emitted and memory.pool[place].expires_at > ts:
            open_scores[count] = memory.pool[place].final_score
            count += 1
    open_scores = np.sort(open_scores[:count])
    for at in range(candidates.size):
        if candidates[at].status == EMITTED:
            out[at].ranking = 1 + count - np.searchsorted(open_scores, out[at].final_score, side="right")


@kernel
def _decide(candidates, slots, regimes, ratios, memory, rules, out):
    """Score the candidates of one instant and write their status and reason."""
    size, strategies = candidates.size, memory.lanes.shape[1]
    own, log_odds, scores = np.empty(size), np.empty(size), np.empty(size)
    related = np.empty((size, RELATED))
    passed = np.zeros(size, np.bool_)
    evidence, weights = np.empty(strategies), np.empty(strategies)
    for at in range(size):
        own[at] = _weigh(candidates[at], slots[at], regimes[at], memory, rules, out[at])
    for at in range(size):
        candidate = candidates[at]
        joint = _relate(candidate, slots[at], own[at], memory, rules, out[at], related[at], evidence, weights)
        reason, log_odds[at] = _judge(candidate, slots[at], ratios[at], own[at], joint, memory, rules, out[at])
        scores[at] = out[at].final_score
        if candidate.status == EMITTED and reason:
            candidate.status, candidate.reason = SUPPRESSED, reason
        passed[at] = candidate.status == EMITTED
    sent = _ration(candidates, slots, passed, scores, memory, rules)
    for at in range(size):
        candidate = candidates[at]
        if passed[at] and not sent[at]:
            candidate.status, candidate.reason = SUPPRESSED, CAPPED
        lane = memory.lanes[slots[at], candidate.strategy]
        place = put(lane, candidate.ts, memory.pool, memory.free)
        thought = memory.pool[place]
        thought.expires_at, thought.regime, thought.emitted = candidate.expires_at, regimes[at], sent[at]
        thought.log_odds, thought.evidence, thought.final_score = log_odds[at], own[at], scores[at]
        thought.related = out[at].correlations
        memory.beside[place, : thought.related] = related[at, : thought.related]
    if sent.any():
        _rank(candidates, out, memory)


@kernel
def score_rows(bars, outcomes, candidates, memory, rules, out):
    """Take rows in, in the order of event time, and score the candidates among them.

    Parameters
    ----------
    bars
        (close times, slots, turnovers) of bars of the primary frame; a turnover of NaN is not known.
    outcomes
        (rows, slots), in the order of `exit_at`. Their status becomes that of their candidates.
    candidates
        (rows, slots, regimes, volatility ratios), in the order of `ts`. Status and reason are written.
    memory, rules
        `Memory`, moved on, with a free place for each candidate; and `Rules`.
    out
        (c,) SCORE of zeros, a row for each candidate; filled.
    """
    close_times, bar_slots, turnovers = bars
    graded, graded_slots = outcomes
    decided, slots, regimes, ratios = candidates
    bar = outcome = first = 0
    state = memory.state[0]
    never = np.int64((1 << 63) - 1)
    while True:
        now = never
        if outcome < graded.size:
            now = min(now, graded[outcome].exit_at)
        if bar < close_times.size:
            now = min(now, close_times[bar])
        if first < decided.size:
            now = min(now, decided[first].ts)
        if now == never:
            return
        state.now = now
        while outcome < graded.size and graded[outcome].exit_at == now:
            _learn(graded[outcome], graded_slots[outcome], memory, rules)
            outcome += 1
        while bar < close_times.size and close_times[bar] == now:
            mine = _meet(bar_slots[bar], now, memory, rules)
            if not np.isnan(turnovers[bar]):
                add_turnover(mine, turnovers[bar], rules.keep_fast, rules.keep_slow)
            bar += 1
        last = first
        while last < decided.size and decided[last].ts == now:
            last += 1
        if last > first:
            _decide(
                decided[first:last], slots[first:last], regimes[first:last], ratios[first:last],
                memory, rules, out[first:last],
            )  # fmt: skip
        first = last
