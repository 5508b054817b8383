"""correlate: combine signals, events and other evidence that belong together into composite signals.

Patterns are evaluated at every instant with new evidence about an instrument, after all rows of that instant
have been processed. The evidence that matches a pattern is fused on the log-odds scale,

    L = sum of l_i 2^(-age / window) / (1 + (k - 1) rho),    confidence = g(sigmoid(logit(base rate) + L)),

where l_i is the log-odds over the base rate: of a signal, from its probability; of an event, from the win rate of
candidates that coincided with it, shrunk to the base rate. Signals of the opposite direction are subtracted. The
calibrator g is fitted to the outcomes of composites; the outcome of a composite is that of its most probable
signal. A composite of events alone is not graded.

A composite with a known expected return that is not above 0 is not emitted. Instruments that are correlated with
the same reference and match the same pattern at one instant count as one market move: only the most confident
composite is emitted.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch
from numpy.typing import NDArray

from domain.aligned import Aligned
from domain.clock import HOUR
from domain.composites import COMPOSITE
from domain.correlation import CorrelateSettings
from domain.evidence import EVIDENCE
from domain.instruments import instrument_id, venue_of
from operators.catalogue import Catalogue
from operators.kernels.correlate_memory import UNKNOWN, Memory, Rules, blank, reset_instrument
from operators.kernels.correlating import correlate_rows
from operators.kernels.evidence import RING
from operators.kernels.pending import PENDING
from operators.kernels.slots import index_slots
from operators.pattern_table import compared_columns, pattern_table
from operators.state import freeze, thaw

VERSION = 1
ZONE_BARS = 12
"""Embargo in bars: stored windows of one instrument are at least this far apart, and are compared only after it."""
PER_SLOT = ("instruments", "rings", "paces", "answered", "told")


@dataclass(frozen=True)
class Scope:
    """Frame, expiry and reference of the correlation.

    Attributes
    ----------
    primary
        Index of the frame on which decisions are made. Events of finer frames are ignored.
    primary_ns
        Length of its bars.
    quiet_ns
        Time without evidence after which the state of an instrument is reset; at least the longest horizon.
    reference_symbol
        Symbol of the instrument's venue against which correlations are measured.
    """

    primary: int
    primary_ns: int
    quiet_ns: int
    reference_symbol: str = "BTCUSDT"


class Correlate(StatefulBatchLogic[Aligned, Aligned, bytes]):
    """State machine of the `correlate` step: the evidence of all instruments.

    Memory is proportional to the number of active instruments, about 6 KB each.

    Raises
    ------
    ValueError
        If a pattern names an unknown strategy, detector or feature.
    """

    def __init__(
        self, settings: CorrelateSettings, ideas: Catalogue, scope: Scope, *, resume: bytes | None = None
    ) -> None:
        self._scope = scope
        self._patterns = pattern_table(ideas, scope.primary_ns)
        names = [detector.name for detector in ideas.detectors]
        self._columns = compared_columns(ideas)
        self._regimes = [
            ideas.columns.index(name) for name in ("volatility_state", "trend_state") if name in ideas.columns
        ]
        self._rules = Rules(
            memory=(settings.half_life_h * HOUR, settings.half_life_outcomes),
            strength=settings.prior_strength,
            same_tape=settings.same_tape,
            an_hour=settings.composites_per_hour,
            neighbours=settings.neighbours,
            zone=ZONE_BARS * scope.primary_ns,
            quiet=scope.quiet_ns,
            primary=scope.primary,
            regimes=names.index("regime_change") if "regime_change" in names else -1,
        )
        self._sizes = (
            len(names),
            len(ideas.patterns),
            self._patterns.least.size,
            len(self._columns),
            settings.remembered,
        )
        self._slots: dict[int, int] = {}
        self._memory = blank(0, *self._sizes)
        if resume is not None:
            values = thaw(VERSION, resume)
            self._slots = values["slots"]
            self._memory = _unpacked(values)
        self._index()

    def on_batch(self, values: list[Aligned]) -> tuple[list[Aligned], bool]:
        """Add the composites of each batch of aligned rows."""
        return [self._correlate(each) for each in values], False

    def on_eof(self) -> tuple[list[Aligned], bool]:
        """Emit nothing: the end of the input may only be a pause."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state; of the evidence only what a window can still reach."""
        longest = int(self._patterns.window.max(initial=0))
        return freeze(VERSION, {"slots": dict(self._slots), **_packed(self._memory, longest)})

    def _correlate(self, given: Aligned) -> Aligned:
        events, outcomes, candidates = given.events, given.outcomes, given.candidates
        relevant = events["frame"] >= self._scope.primary
        instruments = [events["instrument"][relevant], *(rows["instrument"] for rows in (outcomes, candidates))]
        known = np.unique(np.concatenate([*instruments, given.evidence["instrument"]])).tolist()
        self._allocate_slots(known, given.names)
        self._make_room(candidates.size)
        rows = int(relevant.sum()) + candidates.size + given.evidence.size
        out = np.empty(2 * len(self._patterns.window) * rows, COMPOSITE)  # unwritten pages cost no memory
        count = correlate_rows(
            outcomes,
            events,
            given.evidence,
            (candidates, self._regime(given), _scores(given), self._shapes(given)),
            given.relations,
            (self._keys, self._places),
            self._patterns,
            self._memory,
            self._rules,
            out,
        )
        return replace(given, composites=out[:count].copy())

    def _regime(self, given: Aligned) -> NDArray[np.int64]:
        if len(self._regimes) < 2 or not given.decided.size:
            return np.full(given.candidates.size, UNKNOWN)
        volatility, trend = given.decided[self._regimes]
        code = volatility * 3.0 + trend + 1.0
        return np.where(np.isnan(code), UNKNOWN, code).astype(np.int64)

    def _shapes(self, given: Aligned) -> NDArray[np.float32]:
        """Feature window of each candidate, (candidates, columns)."""
        if not given.decided.size:
            return np.full((given.candidates.size, self._columns.size), np.nan, np.float32)
        return np.ascontiguousarray(given.decided[self._columns].T, np.float32)

    def _allocate_slots(self, instruments: list[int], names: dict[int, str]) -> None:
        """Give each new instrument a slot."""
        missing = [each for each in instruments if each not in self._slots]
        if not missing:
            return
        if len(missing) > self._free_slots().size:
            self._vacate()
        if len(missing) > self._free_slots().size:
            self._grow(len(missing) - self._free_slots().size)
        for instrument, slot in zip(missing, self._free_slots().tolist(), strict=False):
            row = self._memory.instruments[slot]
            row["instrument"], row["vacant"] = instrument, 0
            if instrument in names:
                row["reference"] = instrument_id(f"{venue_of(names[instrument])}:{self._scope.reference_symbol}")
            self._slots[instrument] = slot
        self._index()

    def _free_slots(self) -> NDArray[np.int64]:
        return np.flatnonzero(self._memory.instruments["vacant"])

    def _vacate(self) -> None:
        """Free the slots of quiet instruments, whose state would be reset at their next evidence."""
        rows, now = self._memory.instruments, int(self._memory.state["now"][0])
        for slot in np.flatnonzero((rows["vacant"] == 0) & (now - rows["seen_at"] > self._scope.quiet_ns)).tolist():
            del self._slots[int(rows["instrument"][slot])]
            reset_instrument(slot, self._memory)
            rows[slot] = np.zeros(1, rows.dtype)[0]
            rows["vacant"][slot] = 1

    def _grow(self, missing: int) -> None:
        more = blank(max(missing, len(self._slots), 16), *self._sizes)
        self._memory = self._memory._replace(
            **{name: np.concatenate([getattr(self._memory, name), getattr(more, name)]) for name in PER_SLOT}
        )

    def _index(self) -> None:
        """Build the hash table by which the kernel finds slots."""
        size = 1 << (2 * self._memory.instruments.size + 1).bit_length()
        self._keys, self._places = np.zeros(size, np.int64), np.full(size, -1)
        index_slots(self._keys, self._places, self._memory.instruments, self._memory.instruments.size)

    def _make_room(self, candidates: int) -> None:
        """Ensure a free pool entry for each candidate."""
        pool, shapes, free = self._memory.pool, self._memory.shapes, self._memory.free
        missing = candidates - int(free[0])
        if missing <= 0:
            return
        old, added = pool.size, max(missing, pool.size, 64)
        stack = np.zeros(1 + old + added, np.int64)
        stack[: free.size] = free
        stack[1 + free[0] : 1 + free[0] + added] = np.arange(old + added - 1, old - 1, -1)
        stack[0] = free[0] + added
        self._memory = self._memory._replace(
            pool=np.concatenate([pool, np.zeros(added, PENDING)]),
            shapes=np.concatenate([shapes, np.zeros((added, shapes.shape[1]), np.float32)]),
            free=stack,
        )


def _scores(given: Aligned) -> NDArray[np.float64]:
    """Probability, expected value in R and risk of each candidate; without scores, its raw confidence."""
    found = np.zeros((given.candidates.size, 3))
    if given.scores.size:
        for at, name in enumerate(("probability", "expected_r", "risk_penalty")):
            found[:, at] = given.scores[name]
    else:
        found[:, 0], found[:, 1] = given.candidates["confidence"], np.nan
    return found


def _packed(memory: Memory, window: int) -> dict[str, Any]:
    """State as a dictionary, with the live rows of all rings in order of arrival."""
    values = memory._asdict()
    values["houses"] = values.pop("instruments")  # the name in stored snapshots
    count = memory.instruments["count"][:, None]
    order = (count + np.arange(RING)) % RING
    rows = memory.rings[np.arange(memory.instruments.size)[:, None], order]
    live = (np.arange(RING) >= RING - count) & (rows["ts"] > memory.state["now"][0] - window)
    return values | {"rings": rows[live], "alive": live.sum(axis=1)}


def _unpacked(values: dict[str, Any]) -> Memory:
    rows, alive = values["rings"], values["alive"]
    rings = np.zeros((alive.size, RING), EVIDENCE)
    slots = np.repeat(np.arange(alive.size), alive)
    rings[slots, np.arange(rows.size) - np.repeat(np.cumsum(alive) - alive, alive)] = rows
    instruments = values["houses"]
    instruments["count"] = alive
    kept = {name: values[name] for name in Memory._fields if name in values}
    return Memory(**kept | {"rings": rings, "instruments": instruments})


@operator
def correlate(
    step_id: str, up: KeyedStream[Aligned], settings: CorrelateSettings, ideas: Catalogue, scope: Scope
) -> KeyedStream[Aligned]:
    """Add the composites to the aligned rows, in the order (instant, instrument, pattern, direction)."""
    return stateful_batch("composites", up, lambda resume: Correlate(settings, ideas, scope, resume=resume))
