"""correlate: signals, events and other evidence that belong together become one composite signal.

Patterns are tried at every instant at which something new of an instrument is known, after all that is
known has been taken in. What answers a pattern's needs is fused on the scale of log-odds,

    L = sum of l_i 2^(-age / window) / (1 + (k - 1) rho),    confidence = g(sigmoid(logit(base rate) + L)),

where a signal speaks by its probability, an event by what candidates with it have earned, shrunk to
nothing, and signals of the other side are subtracted. g is fitted to how composites ended: their
outcome is that of their most probable signal. A composite of events alone is not graded.

A composite whose expected return is known and not above 0 is not told. Instruments that move with the
same reference and do the same at one instant tell one story: the most confident is told.
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
from operators.asked import ask, compared
from operators.catalogue import Catalogue
from operators.kernels.awaiting import AWAITED
from operators.kernels.correlating import correlate_rows
from operators.kernels.evidence import RING
from operators.kernels.recollection import UNKNOWN, Memory, Rules, blank, forget
from operators.kernels.slots import index_slots
from operators.state import freeze, thaw

VERSION = 1
ZONE_BARS = 12
"""Windows of one instrument are that many bars apart, and have ended as long ago, to be compared."""
PER_SLOT = ("houses", "rings", "paces", "answered", "told")


@dataclass(frozen=True)
class Scope:
    """What is decided on.

    Attributes
    ----------
    primary
        Index of the frame that is decided on. Events of finer frames are not looked at.
    primary_ns
        Length of its bars.
    quiet_ns
        An instrument that nothing is known of for so long is forgotten; at least the longest horizon.
    reference_symbol
        Correlations are with this symbol of the instrument's venue.
    """

    primary: int
    primary_ns: int
    quiet_ns: int
    reference_symbol: str = "BTCUSDT"


class Correlate(StatefulBatchLogic[Aligned, Aligned, bytes]):
    """The evidence of all instruments: the state machine that `correlate` runs.

    Memory grows with the instruments that are alive: about 6 KB for each.

    Raises
    ------
    ValueError
        If a pattern asks for a strategy, a detector or a feature that there is not.
    """

    def __init__(
        self, settings: CorrelateSettings, ideas: Catalogue, scope: Scope, *, resume: bytes | None = None
    ) -> None:
        self._scope = scope
        self._asked = ask(ideas, scope.primary_ns)
        names = [detector.name for detector in ideas.detectors]
        self._columns = compared(ideas)
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
        self._sizes = (len(names), len(ideas.patterns), self._asked.least.size, len(self._columns), settings.remembered)
        self._slots: dict[int, int] = {}
        self._memory = blank(0, *self._sizes)
        if resume is not None:
            values = thaw(VERSION, resume)
            self._slots = values["slots"]
            self._memory = _unpacked(values)
        self._index()

    def on_batch(self, values: list[Aligned]) -> tuple[list[Aligned], bool]:
        """Add the composites of each."""
        return [self._correlate(each) for each in values], False

    def on_eof(self) -> tuple[list[Aligned], bool]:
        """A pause."""
        return [], False

    def snapshot(self) -> bytes:
        """All of the state as bytes; of the evidence only what a window may still reach."""
        longest = int(self._asked.window.max(initial=0))
        return freeze(VERSION, {"slots": dict(self._slots), **_packed(self._memory, longest)})

    def _correlate(self, given: Aligned) -> Aligned:
        events, outcomes, candidates = given.events, given.outcomes, given.candidates
        looked_at = events["frame"] >= self._scope.primary
        instruments = [events["instrument"][looked_at], *(rows["instrument"] for rows in (outcomes, candidates))]
        self._settle_in(np.unique(np.concatenate([*instruments, given.evidence["instrument"]])).tolist(), given.names)
        self._make_room(candidates.size)
        rows = int(looked_at.sum()) + candidates.size + given.evidence.size
        out = np.empty(2 * len(self._asked.window) * rows, COMPOSITE)  # what is not written costs no memory
        count = correlate_rows(
            outcomes,
            events,
            given.evidence,
            (candidates, self._regime(given), _scores(given), self._shapes(given)),
            given.relations,
            (self._keys, self._places),
            self._asked,
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
        """The window of each candidate, (candidates, columns)."""
        if not given.decided.size:
            return np.full((given.candidates.size, self._columns.size), np.nan, np.float32)
        return np.ascontiguousarray(given.decided[self._columns].T, np.float32)

    def _settle_in(self, instruments: list[int], names: dict[int, str]) -> None:
        """A slot for each instrument."""
        missing = [each for each in instruments if each not in self._slots]
        if not missing:
            return
        if len(missing) > self._free_slots().size:
            self._vacate()
        if len(missing) > self._free_slots().size:
            self._grow(len(missing) - self._free_slots().size)
        for instrument, slot in zip(missing, self._free_slots().tolist(), strict=False):
            house = self._memory.houses[slot]
            house["instrument"], house["vacant"] = instrument, 0
            if instrument in names:
                house["reference"] = instrument_id(f"{venue_of(names[instrument])}:{self._scope.reference_symbol}")
            self._slots[instrument] = slot
        self._index()

    def _free_slots(self) -> NDArray[np.int64]:
        return np.flatnonzero(self._memory.houses["vacant"])

    def _vacate(self) -> None:
        """Give up the slots of instruments that would be met as new ones the next time."""
        houses, now = self._memory.houses, int(self._memory.state["now"][0])
        for slot in np.flatnonzero((houses["vacant"] == 0) & (now - houses["seen_at"] > self._scope.quiet_ns)).tolist():
            del self._slots[int(houses["instrument"][slot])]
            forget(slot, self._memory)
            houses[slot] = np.zeros(1, houses.dtype)[0]
            houses["vacant"][slot] = 1

    def _grow(self, missing: int) -> None:
        more = blank(max(missing, len(self._slots), 16), *self._sizes)
        self._memory = self._memory._replace(
            **{name: np.concatenate([getattr(self._memory, name), getattr(more, name)]) for name in PER_SLOT}
        )

    def _index(self) -> None:
        """The table by which the kernel finds slots."""
        size = 1 << (2 * self._memory.houses.size + 1).bit_length()
        self._keys, self._places = np.zeros(size, np.int64), np.full(size, -1)
        index_slots(self._keys, self._places, self._memory.houses, self._memory.houses.size)

    def _make_room(self, candidates: int) -> None:
        """A free place in the book for each candidate."""
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
            pool=np.concatenate([pool, np.zeros(added, AWAITED)]),
            shapes=np.concatenate([shapes, np.zeros((added, shapes.shape[1]), np.float32)]),
            free=stack,
        )


def _scores(given: Aligned) -> NDArray[np.float64]:
    """Probability, expected value in R and risk of each candidate; without scores its own confidence."""
    found = np.zeros((given.candidates.size, 3))
    if given.scores.size:
        for at, name in enumerate(("probability", "expected_r", "risk_penalty")):
            found[:, at] = given.scores[name]
    else:
        found[:, 0], found[:, 1] = given.candidates["confidence"], np.nan
    return found


def _packed(memory: Memory, window: int) -> dict[str, Any]:
    """What is remembered, with the rings as rows in the order in which they came."""
    values = memory._asdict()
    count = memory.houses["count"][:, None]
    order = (count + np.arange(RING)) % RING
    rows = memory.rings[np.arange(memory.houses.size)[:, None], order]
    live = (np.arange(RING) >= RING - count) & (rows["ts"] > memory.state["now"][0] - window)
    return values | {"rings": rows[live], "alive": live.sum(axis=1)}


def _unpacked(values: dict[str, Any]) -> Memory:
    rows, alive = values["rings"], values["alive"]
    rings = np.zeros((alive.size, RING), EVIDENCE)
    slots = np.repeat(np.arange(alive.size), alive)
    rings[slots, np.arange(rows.size) - np.repeat(np.cumsum(alive) - alive, alive)] = rows
    values["houses"]["count"] = alive
    return Memory(**{name: values[name] for name in Memory._fields} | {"rings": rings})


@operator
def correlate(
    step_id: str, up: KeyedStream[Aligned], settings: CorrelateSettings, ideas: Catalogue, scope: Scope
) -> KeyedStream[Aligned]:
    """Aligned rows with the composites of each instant, in the order (instant, instrument, pattern, direction)."""
    return stateful_batch("composites", up, lambda resume: Correlate(settings, ideas, scope, resume=resume))
