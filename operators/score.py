"""score: estimate the probability, expected value and rank of each candidate from all available evidence.

    z1 = logit(confidence) + boost                            raw confidence and historical record
    L  = sum of w_i l_i / (1 + (k - 1) rho)                   fused with the other open signals of the instrument
    z  = logit(base rate) + L * liquidity
    p  = sigmoid(slope * z + intercept)                       calibrated probability
    EV = p * mean win - (1 - p) * mean loss                   in R, net of costs
    final score = 100 * clip(EV / reference, 0, 1) * risk     a rank, not a probability

where l_i is the log-odds over the base rate and w_i = 2^(-age / half-life) of its strategy, negative where the
other signal has the opposite direction. Neutral inputs (no record, no other signal, usual turnover) leave
p = sigmoid(slope * logit(confidence) + intercept). Until an outcome of a strategy has been graded, its rank is
based on the planned reward and risk, net of costs, and its expected value is unknown.

A candidate is emitted unless

- its instrument is muted, because its win rate is credibly poor;
- its expected value is not above 0, that is, p is below the break-even of its own wins, losses and costs;
- its expected value is below the threshold of its regime;
- the hourly signal budget is exhausted; the best ranks of an instant are emitted first.

Before `min_graded` effective outcomes there is no threshold: candidates pass on confidence alone, with threshold
0 and, until their strategy has been graded, history 0. When nothing pays, the threshold rises to 1 R and almost
nothing is emitted; since suppressed candidates are graded too, it recovers without intervention. With the setting
`gate` off, everything is scored in the same way and nothing is suppressed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch
from numpy.typing import NDArray

from domain.aligned import Aligned
from domain.clock import HOUR
from domain.rows import copied
from domain.scores import REGIMES, SCORE
from domain.scoring import ScoreSettings
from operators.kernels.history import TRACK
from operators.kernels.liquidity import turnovers
from operators.kernels.open_signals import OPEN_SIGNAL, RELATED, drop_lane
from operators.kernels.places import find_places, index_instruments
from operators.kernels.score_memory import Memory, Rules, blank, reset_instrument
from operators.kernels.scoring import score_rows
from operators.state import freeze, thaw

VERSION = 1
UNKNOWN = len(REGIMES) - 1
PER_STRATEGY = {"strategies": 0, "kinds": 0, "returns": 0, "lanes": 1, "records": 1}
"""Axis of the strategies in the state arrays that have one."""

Ints = NDArray[np.int64]


class Score(StatefulBatchLogic[Aligned, Aligned, bytes]):
    """State machine of the `score` step: what is known of all candidates.

    The state of an instrument without rows for `quiet_ns` is dropped, so memory is proportional to the number of
    active instruments.

    Parameters
    ----------
    settings
        Validated settings.
    half_lives
        Half-life of the evidence of each strategy in ns, by name, in the order of the catalogue.
    columns
        Names of the rows of `Aligned.decided`. Without `volatility_state` and `trend_state` every
        regime is unknown; without `volatility_ratio` there is no volatility penalty.
    primary
        Index of the frame on which decisions are made; turnover is measured on its bars.
    cost
        Fees and slippage of both sides of a trade, as a fraction of the price.
    quiet_ns
        Time after which an instrument is dropped; at least the longest horizon of a strategy.
    resume
        A snapshot; strategies are matched by name, and the state of strategies that no longer exist is dropped.
    """

    def __init__(
        self,
        settings: ScoreSettings,
        half_lives: Mapping[str, int],
        columns: Sequence[str],
        *,
        primary: int,
        cost: float,
        quiet_ns: int,
        resume: bytes | None = None,
    ) -> None:
        self._names = tuple(half_lives)
        self._rules = _rules(settings, half_lives, cost, quiet_ns)
        self._primary = primary
        self._columns = {name: at for at, name in enumerate(columns)}
        self._slots: dict[int, int] = {}
        self._memory = blank(0, len(self._names))
        if resume is not None:
            values = thaw(VERSION, resume)
            self._slots, names = values.pop("slots"), values.pop("names")
            records = np.zeros((len(values["instruments"]), len(names), len(REGIMES)), TRACK)
            records.reshape(-1)[values.pop("known")] = values["records"]
            self._memory = _renamed(Memory(**{**values, "records": records}), names, self._names)
        self._spare = sorted(set(range(self._memory.instruments.size)) - set(self._slots.values()), reverse=True)
        self._index()

    def on_batch(self, values: list[Aligned]) -> tuple[list[Aligned], bool]:
        """Score the candidates of each, and learn from its outcomes."""
        return [self._score(each) for each in values], False

    def on_eof(self) -> tuple[list[Aligned], bool]:
        """Emit nothing: the end of the input may only be a pause."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state."""
        records = self._memory.records.reshape(-1)
        known = np.flatnonzero(records["count"])  # sparse: most instruments have few strategies in few regimes
        values = {**self._memory._asdict(), "records": records[known], "known": known.astype(np.int32)}
        return freeze(VERSION, {"names": self._names, "slots": dict(self._slots), **values})

    def _score(self, given: Aligned) -> Aligned:
        outcomes, candidates = copied(given.outcomes), copied(given.candidates)
        close_times, owners, volumes = turnovers(given.bars, self._primary)
        scores = np.zeros(candidates.size, SCORE)
        if owners.size + outcomes.size + candidates.size == 0:
            return replace(given, candidates=candidates, outcomes=outcomes, scores=scores)
        slots = self._find(np.concatenate([owners, outcomes["instrument"], candidates["instrument"]]))
        of_bars, of_outcomes, of_candidates = np.split(slots, np.cumsum([owners.size, outcomes.size]))
        self._make_room(candidates.size)
        score_rows(
            (close_times, of_bars, volumes),
            (outcomes, of_outcomes),
            (candidates, of_candidates, self._regimes(given), self._column(given, "volatility_ratio")),
            self._memory,
            self._rules,
            scores,
        )
        return replace(given, candidates=candidates, outcomes=outcomes, scores=scores)

    def _column(self, given: Aligned, name: str) -> NDArray[np.float64]:
        """A feature of each candidate at its decision; NaN if it is not measured."""
        if name not in self._columns:
            return np.full(given.candidates.size, np.nan)
        return np.ascontiguousarray(given.decided[self._columns[name]])

    def _regimes(self, given: Aligned) -> Ints:
        regime = self._column(given, "volatility_state") * 3.0 + self._column(given, "trend_state") + 1.0
        return np.where(np.isnan(regime), UNKNOWN, regime).astype(np.int64)

    def _find(self, instruments: Ints) -> Ints:
        """Slots of the instruments; new instruments are given one."""
        places = find_places(self._table, instruments)
        if (unknown := instruments[places < 0]).size:
            self._allocate_slots(np.unique(unknown).tolist(), set(np.unique(instruments).tolist()))
            places = find_places(self._table, instruments)
        return np.asarray(self._places[places])

    def _allocate_slots(self, new: list[int], present: set[int]) -> None:
        """Give each new instrument a slot; the `present` ones keep theirs."""
        if len(new) > len(self._spare):
            self._vacate(present)
        if len(new) > len(self._spare):
            self._grow(len(new) - len(self._spare))
        for instrument in new:
            self._slots[instrument] = self._spare.pop()
        self._index()

    def _vacate(self, present: set[int]) -> None:
        """Free the slots of quiet instruments, whose state would be reset at their next row."""
        now, seen = int(self._memory.state["now"][0]), self._memory.instruments["seen_at"]
        for instrument, slot in list(self._slots.items()):
            if now - int(seen[slot]) > self._rules.quiet and instrument not in present:
                reset_instrument(slot, self._memory)
                del self._slots[instrument]
                self._spare.append(slot)

    def _index(self) -> None:
        """Build the hash table by which slots are found."""
        self._table = index_instruments(np.array(list(self._slots), np.int64))
        self._places = np.array(list(self._slots.values()), np.int64)

    def _grow(self, missing: int) -> None:
        old = self._memory.instruments.size
        added = max(missing, old, 16)
        more = blank(added, len(self._names))
        per_slot = {name: getattr(self._memory, name) for name in ("instruments", "lanes", "records")}
        self._memory = self._memory._replace(
            **{name: np.concatenate([rows, getattr(more, name)]) for name, rows in per_slot.items()}
        )
        self._spare = [*range(old + added - 1, old - 1, -1), *self._spare]

    def _make_room(self, candidates: int) -> None:
        """Ensure a free pool entry for each candidate."""
        pool, beside, free = self._memory.pool, self._memory.beside, self._memory.free
        missing = candidates - int(free[0])
        if missing <= 0:
            return
        old = pool.size
        added = max(missing, old, 64)
        stack = np.zeros(1 + old + added, np.int64)
        stack[: free.size] = free
        stack[1 + free[0] : 1 + free[0] + added] = np.arange(old + added - 1, old - 1, -1)
        stack[0] = free[0] + added
        self._memory = self._memory._replace(
            pool=np.concatenate([pool, np.zeros(added, OPEN_SIGNAL)]),
            beside=np.concatenate([beside, np.zeros((added, RELATED))]),
            free=stack,
        )


def _rules(settings: ScoreSettings, half_lives: Mapping[str, int], cost: float, quiet_ns: int) -> Rules:
    return Rules(
        half_lives=np.array(list(half_lives.values()), np.float64),
        memory=(settings.half_life_h * HOUR, settings.half_life_outcomes),
        quiet=quiet_ns,
        cost=cost,
        prior=settings.prior_strength,
        boost=settings.boost_max,
        exponent=settings.liquidity_exponent,
        keep_fast=2.0 ** (-1.0 / settings.liquidity_fast_bars),
        keep_slow=2.0 ** (-1.0 / settings.liquidity_slow_bars),
        reference_r=settings.reference_r,
        drawdown_r=settings.drawdown_r,
        penalties=(settings.drawdown_penalty, settings.volatility_penalty, settings.sharpe_penalty),
        least=settings.min_graded,
        refit=settings.refit_outcomes,
        deviations=settings.threshold_deviations,
        strength=settings.threshold_strength,
        slew=settings.threshold_step,
        mute=(settings.mute_win_rate, settings.mute_probability, settings.unmute_probability),
        price=int(HOUR / settings.signals_per_hour),
        price_overall=int(HOUR / settings.signals_per_hour_overall),
        gate=settings.gate,
    )


def _renamed(memory: Memory, before: Sequence[str], now: Sequence[str]) -> Memory:
    """Reorder the strategies of the memory from `before` to `now`."""
    if tuple(before) == tuple(now):
        return memory
    for gone in (at for at, name in enumerate(before) if name not in now):
        for lane in memory.lanes[:, gone]:
            drop_lane(lane, memory.pool, memory.free)
    fresh = blank(memory.instruments.size, len(now))
    kept = [(before.index(name), at) for at, name in enumerate(now) if name in before]
    source, target = [old for old, _ in kept], [new for _, new in kept]
    moved = {name: getattr(fresh, name) for name in PER_STRATEGY}
    for name, axis in PER_STRATEGY.items():
        if axis == 0:
            moved[name][target] = getattr(memory, name)[source]
        else:
            moved[name][:, target] = getattr(memory, name)[:, source]
    return memory._replace(**moved)


@operator
def score(
    step_id: str,
    up: KeyedStream[Aligned],
    settings: ScoreSettings,
    half_lives: Mapping[str, int],
    columns: Sequence[str],
    primary: int,
    cost: float,
    quiet_ns: int,
) -> KeyedStream[Aligned]:
    """Add a score to each candidate of the aligned rows, and set its status and reason; see `Score`."""

    def resumed(resume: bytes | None) -> Score:
        return Score(settings, half_lives, columns, primary=primary, cost=cost, quiet_ns=quiet_ns, resume=resume)

    return stateful_batch("scores", up, resumed)
