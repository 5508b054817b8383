"""Scoring: learn from outcomes, update liquidity from bars and score candidates, in the order of event time.

At one instant outcomes are processed first, then bars, then candidates, and candidates of one instant see each
other, so that the result does not depend on the order of shards or strategies.
"""

import numpy as np

from domain.slices import EMITTED, SUPPRESSED, SUPPRESSED_REASONS
from operators.kernels import kernel
from operators.kernels.buckets import refill
from operators.kernels.costs import cost_of
from operators.kernels.fusion import correlation, fuse
from operators.kernels.history import EVEN, shrunk_rate
from operators.kernels.liquidity import add_turnover, liquidity
from operators.kernels.logit import logit, sigmoid
from operators.kernels.open_signals import RELATED, open_signal
from operators.kernels.payoff import payoff, risk
from operators.kernels.score_learning import learn_outcome
from operators.kernels.score_memory import touch_instrument

_REASONS = {name: at for at, name in enumerate(SUPPRESSED_REASONS)}
INCOMPLETE = _REASONS["incomplete_data"]
BELOW, NEGATIVE, MUTED, CAPPED = (
    _REASONS[name] for name in ("below_threshold", "negative_expected_value", "symbol_muted", "rate_cap")
)


@kernel
def _own_evidence(candidate, slot, regime, memory, rules, row):
    """Evidence of a candidate by itself, from confidence and history, as log-odds over the base rate."""
    strategy = candidate.strategy
    touch_instrument(slot, candidate.ts, memory, rules)
    base = shrunk_rate(memory.overall[0], EVEN, rules.prior)
    mine = memory.strategies[strategy]
    known = shrunk_rate(mine, base, rules.prior)
    known = shrunk_rate(memory.kinds[strategy, regime], known, rules.prior)
    known = shrunk_rate(memory.records[slot, strategy, regime], known, rules.prior)
    boost = min(rules.boost, max(-rules.boost, logit(known) - logit(base)))
    claimed = base if np.isnan(candidate.confidence) else candidate.confidence
    alone = logit(claimed) + boost
    row.regime, row.historical_boost, row.history = regime, boost, mine.count
    row.adjusted_score, row.time_decay_factor = sigmoid(alone), 1.0
    evidence = alone - logit(base)
    if candidate.reason != INCOMPLETE:  # candidates on bars with missing trades are no evidence for others
        lane = memory.lanes[slot, strategy]
        lane.ts, lane.expires_at = candidate.ts, candidate.expires_at
        lane.direction, lane.evidence = candidate.direction, evidence
    return evidence


@kernel
def _joint_evidence(candidate, slot, own, memory, rules, row, related, evidence, weights):
    """Fuse the evidence of a candidate with that of the other open signals of its instrument.

    Returns log-odds over the base rate. `evidence` and `weights` have room for every strategy; `related` receives
    the RELATED newest.
    """
    at, half_life = candidate.ts, rules.half_lives[candidate.strategy]
    evidence[0], weights[0] = own, 1.0
    count, listed = 1, 0
    instants, strategies, directions = row.correlated, row.correlated_strategy, row.correlated_direction
    for strategy in range(memory.lanes.shape[1]):
        lane = memory.lanes[slot, strategy]
        age = at - lane.ts
        if strategy == candidate.strategy or lane.expires_at <= at or age > max(half_life, rules.half_lives[strategy]):
            continue
        seen = lane.evidence if lane.direction == candidate.direction else -lane.evidence
        evidence[count], weights[count] = seen, 2.0 ** (-age / rules.half_lives[strategy])
        count += 1
        place = min(listed, RELATED)  # newest first; within one instant in catalogue order
        while place > 0 and instants[place - 1] < lane.ts:
            if place < RELATED:
                instants[place], strategies[place] = instants[place - 1], strategies[place - 1]
                directions[place], related[place] = directions[place - 1], related[place - 1]
            place -= 1
        if place < RELATED:
            instants[place], strategies[place], directions[place] = lane.ts, strategy, lane.direction
            related[place] = seen
            listed = min(RELATED, listed + 1)
    row.correlations = listed
    return fuse(evidence[:count], weights[:count], correlation(memory.pairs[0]))


@kernel
def _fill_score(candidate, slot, ratio, own, joint, memory, rules, row):
    """Fill the score of a candidate.

    Returns
    -------
    reason, log_odds, value
        Reason to suppress it, or 0; the input of the calibrator; and the expected value in R.
    """
    state, strategy = memory.state[0], candidate.strategy
    mine, returns = memory.instruments[slot], memory.returns[strategy]
    row.correlation_boost = joint - own
    row.liquidity_weight = liquidity(mine, rules.exponent)
    log_odds = logit(shrunk_rate(memory.overall[0], EVEN, rules.prior)) + joint * row.liquidity_weight
    row.probability = sigmoid(state.slope * log_odds + state.intercept)
    planned = abs(candidate.entry_price - candidate.stop_loss)
    reward, loss = 0.0, 1.0
    if planned > 0.0:
        cost = cost_of(candidate, rules.cost) * candidate.entry_price / planned
        reward, loss = abs(candidate.take_profit - candidate.entry_price) / planned - cost, 1.0 + cost
    wins, losses = payoff(returns, reward, loss, rules.prior)
    value = row.probability * wins - (1.0 - row.probability) * losses
    row.expected_r = value if returns.count > 0.0 else np.nan
    stands = risk(returns, ratio, rules.drawdown_r, rules.penalties)
    row.risk_penalty = 1.0 - stands
    row.final_score = 100.0 * min(1.0, max(0.0, value / rules.reference_r)) * stands
    reason = 0
    if state.effective >= rules.least:
        required = memory.thresholds[row.regime]
        row.threshold = min(1.0, (losses + required) / (losses + wins)) if wins > 0.0 else 1.0
        if value <= 0.0:
            reason = NEGATIVE
        elif value < required:
            reason = BELOW
    if mine.muted:
        reason = MUTED
    return reason, log_odds, value


@kernel
def _ration(candidates, slots, passed, scores, memory, rules):
    """Spend the rate-limit credit of one instant on the best ranks first; True where a candidate is emitted."""
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
    """Rank the candidates emitted at one instant among all open emitted ones; the best is 1, ties share a rank."""
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
    own, log_odds, values, scores = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    related = np.empty((size, RELATED))
    passed = np.zeros(size, np.bool_)
    evidence, weights = np.empty(strategies), np.empty(strategies)
    for at in range(size):
        own[at] = _own_evidence(candidates[at], slots[at], regimes[at], memory, rules, out[at])
    for at in range(size):
        candidate = candidates[at]
        joint = _joint_evidence(candidate, slots[at], own[at], memory, rules, out[at], related[at], evidence, weights)
        reason, log_odds[at], values[at] = _fill_score(
            candidate, slots[at], ratios[at], own[at], joint, memory, rules, out[at]
        )
        scores[at] = out[at].final_score
        if rules.gate and candidate.status == EMITTED and reason:
            candidate.status, candidate.reason = SUPPRESSED, reason
        passed[at] = candidate.status == EMITTED
    sent = _ration(candidates, slots, passed, scores, memory, rules) if rules.gate else passed
    for at in range(size):
        candidate = candidates[at]
        if passed[at] and not sent[at]:
            candidate.status, candidate.reason = SUPPRESSED, CAPPED
        lane = memory.lanes[slots[at], candidate.strategy]
        place = open_signal(lane, candidate.ts, memory.pool, memory.free)
        signal = memory.pool[place]
        signal.expires_at, signal.regime, signal.emitted = candidate.expires_at, regimes[at], sent[at]
        signal.log_odds, signal.evidence, signal.final_score = log_odds[at], own[at], scores[at]
        signal.value, signal.related = values[at], out[at].correlations
        memory.beside[place, : signal.related] = related[at, : signal.related]
    if sent.any():
        _rank(candidates, out, memory)


@kernel
def score_rows(bars, outcomes, candidates, memory, rules, out):
    """Process rows in the order of event time and score the candidates.

    Parameters
    ----------
    bars
        (close times, slots, turnovers) of bars of the primary frame; a turnover of NaN is unknown.
    outcomes
        (rows, slots), in the order of `exit_at`. Their status is set to that of their candidates.
    candidates
        (rows, slots, regimes, volatility ratios), in the order of `ts`. Status and reason are set.
    memory, rules
        `Memory`, updated, with a free entry for each candidate; and `Rules`.
    out
        (c,) SCORE of zeros, one row per candidate; filled.
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
            learn_outcome(graded[outcome], graded_slots[outcome], memory, rules)
            outcome += 1
        while bar < close_times.size and close_times[bar] == now:
            mine = touch_instrument(bar_slots[bar], now, memory, rules)
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
