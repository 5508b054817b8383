"""settle: track every candidate, emitted or suppressed, to its outcome (triple-barrier labelling).

Entry is at the open of the first traded bar of the finest frame that begins at or after the decision: the first
price unknown to the decision. A bar that reaches both stop and target counts as a stop. If the market gaps through
the stop, the exit is at the opening price; a target is never filled at a better price. Returns are net of fees and
slippage on both sides: the candidate's own costs, or those of the recipe. A resolved market pays its full payout
without an exit cost, since no order is sent.

López de Prado, Advances in Financial Machine Learning, 2018, §3.4.
"""

from dataclasses import dataclass, replace

import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch

from domain.slices import OUTCOME, Slice
from operators.kernels.outcomes import NONE, OPEN, follow
from operators.state import freeze, thaw

VERSION = 2


@dataclass(frozen=True)
class Costs:
    """Cost of each of the two sides of a trade, in basis points of the price.

    Attributes
    ----------
    fee_bps
        Taker fee. 5 is the fee of Binance USD-M futures for a regular account.
    slippage_bps
        Distance of the fill from the quoted price.
    """

    fee_bps: float = 5.0
    slippage_bps: float = 1.0

    @property
    def both_sides(self) -> float:
        """Round-trip cost as a fraction of the price."""
        return 2.0 * (self.fee_bps + self.slippage_bps) / 10_000.0


class Settle(StatefulBatchLogic[Slice, Slice, bytes]):
    """State machine of the `settle` step: the outcomes of one shard."""

    def __init__(self, costs: Costs, resume: bytes | None = None) -> None:
        self._costs = costs
        self._pool = np.zeros(0, OPEN)
        self._free = np.zeros(1, np.int64)
        self._heads = np.zeros(0, np.int64)
        if resume is not None:
            values = thaw(VERSION, resume)
            self._pool, self._free, self._heads = values["pool"], values["free"], values["heads"]

    def on_batch(self, values: list[Slice]) -> tuple[list[Slice], bool]:
        """Add the outcomes that the bars of each Slice settle."""
        return [self._settle(each) for each in values], False

    def on_eof(self) -> tuple[list[Slice], bool]:
        """Emit nothing: the end of the input may only be a pause, so what is open stays open."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state."""
        return freeze(VERSION, {"pool": self._pool, "free": self._free, "heads": self._heads})

    def _settle(self, given: Slice) -> Slice:
        self._make_room(given.candidates.size, len(given.names))
        outcomes = np.zeros(self._open() + given.candidates.size, OUTCOME)
        count = follow(
            given.bars, given.candidates, self._pool, self._free, self._heads, outcomes, self._costs.both_sides
        )
        return replace(given, outcomes=outcomes[:count], open_candidates=self._open())

    def _open(self) -> int:
        return int(self._pool.size - self._free[0])

    def _make_room(self, candidates: int, slots: int) -> None:
        if slots > self._heads.size:
            self._heads = np.pad(self._heads, (0, slots - self._heads.size), constant_values=NONE)
        missing = candidates - int(self._free[0])
        if missing > 0:
            old = self._pool.size
            added = max(missing, old, 64)
            self._pool = np.concatenate([self._pool, np.zeros(added, OPEN)])
            free = np.zeros(1 + self._pool.size, np.int64)
            free[: self._free.size] = self._free
            # The lowest new index is on top of the stack.
            free[1 + free[0] : 1 + free[0] + added] = np.arange(old + added - 1, old - 1, -1)
            free[0] += added
            self._free = free


@operator
def settle(step_id: str, up: KeyedStream[Slice], costs: Costs) -> KeyedStream[Slice]:
    """Add the outcomes settled by their bars to the Slices, in the order (bar, decision)."""
    return stateful_batch("outcomes", up, lambda resume: Settle(costs, resume))
