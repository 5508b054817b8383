"""tally: running performance of all trades, of each strategy and of each confidence bucket.

Every closed trade emits a row for each of its groups, so that the newest row of a group is its current state.
Alerts are emitted with them: ten wins in a row; five losses in a row; every further 10 % of drawdown; a strategy
whose recent mean R is credibly below 0, and its recovery.
"""

from dataclasses import replace

import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch

from domain.aligned import Aligned
from domain.performance import ALERT, BUCKET, BUCKETS, OVERALL, PERFORMANCE, STRATEGY
from operators.kernels.performance import RECORD, perform
from operators.state import freeze, thaw

VERSION = 1


class Tally(StatefulBatchLogic[Aligned, Aligned, bytes]):
    """State machine of the `tally` step: performance so far.

    Parameters
    ----------
    strategies
        Names, in catalogue order. State is stored by name, so strategies may be added or removed.
    """

    def __init__(self, strategies: tuple[str, ...], resume: bytes | None = None) -> None:
        self._strategies = strategies
        count = len(strategies)
        self._sums = np.zeros(1 + count + BUCKETS, PERFORMANCE)
        self._sums["group"] = [OVERALL, *[STRATEGY] * count, *[BUCKET] * BUCKETS]
        self._sums["index"] = [0, *range(count), *range(BUCKETS)]
        self._records = np.zeros(count, RECORD)
        self._sunk = np.zeros(1, np.int64)
        if resume is not None:
            values = thaw(VERSION, resume)
            self._sunk = values["sunk"]
            known: list[str] = values["strategies"]
            for place, old in [(0, 0), *((1 + count + at, 1 + len(known) + at) for at in range(BUCKETS))]:
                self._sums[place] = values["sums"][old]
            for at, name in enumerate(strategies):
                if name in known:
                    self._sums[1 + at] = values["sums"][1 + known.index(name)]
                    self._sums["index"][1 + at] = at
                    self._records[at] = values["records"][known.index(name)]

    def on_batch(self, values: list[Aligned]) -> tuple[list[Aligned], bool]:
        """Add the performance rows and alerts of each batch."""
        return [self._tally(each) for each in values], False

    def on_eof(self) -> tuple[list[Aligned], bool]:
        """Emit nothing: the end of the input may only be a pause."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state."""
        return freeze(
            VERSION,
            {
                "strategies": list(self._strategies),
                "sums": self._sums,
                "records": self._records,
                "sunk": self._sunk,
            },
        )

    def _tally(self, given: Aligned) -> Aligned:
        changes = np.zeros(3 * given.executions.size, PERFORMANCE)
        alerts = np.zeros(3 * given.executions.size + given.equity.size, ALERT)
        changed, written = perform(
            given.executions, given.equity, self._sums, self._records, self._sunk, changes, alerts
        )
        return replace(given, performance=changes[:changed], alerts=alerts[:written])


@operator
def tally(step_id: str, up: KeyedStream[Aligned], strategies: tuple[str, ...]) -> KeyedStream[Aligned]:
    """Add the performance rows and alerts caused by their trades to the aligned rows."""
    return stateful_batch("performance", up, lambda resume: Tally(strategies, resume))
