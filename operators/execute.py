"""execute: paper-trade every emitted signal in a simulated account.

The position size risks a fixed fraction of the equity at the stop, or less where the Kelly criterion asks for
less. Entry, exit and costs are those of `settle`, so that signals and trades are graded identically. A signal
for which the limits leave no size is recorded as a skipped trade with its reason. No order ever leaves the process.
"""

from dataclasses import replace

import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch

from domain.aligned import Aligned
from domain.clock import DAY
from domain.executions import EQUITY, EXECUTION
from domain.paper import PaperSettings
from domain.scores import REGIMES
from operators.kernels.paper import ACCOUNT, POSITION, RULE, trade
from operators.settle import Costs
from operators.state import freeze, thaw

VERSION = 2


class Execute(StatefulBatchLogic[Aligned, Aligned, bytes]):
    """State machine of the `execute` step: the paper account."""

    def __init__(self, settings: PaperSettings, costs: Costs, resume: bytes | None = None) -> None:
        self._rules = np.array(
            [
                (
                    settings.risk_fraction,
                    settings.kelly_fraction,
                    settings.notional_max,
                    costs.both_sides,
                    settings.positions_max,
                )
            ],
            RULE,
        )
        self._positions = np.zeros(settings.positions_max + 1, POSITION)
        self._accounts = np.array([(settings.equity, settings.equity, settings.equity, 0, 0, 0)], ACCOUNT)
        if resume is not None:
            values = thaw(VERSION, resume)
            self._accounts, kept = values["account"], values["positions"]
            # The limit may now be lower than the number of open positions; those stay open until they close.
            self._positions = np.zeros(max(settings.positions_max, kept.size) + 1, POSITION)
            self._positions[: kept.size] = kept

    def on_batch(self, values: list[Aligned]) -> tuple[list[Aligned], bool]:
        """Add the executions, and the equity of each day that ended."""
        return [self._execute(each) for each in values], False

    def on_eof(self) -> tuple[list[Aligned], bool]:
        """Emit nothing: the end of the input may only be a pause, so what is open stays open."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state."""
        return freeze(VERSION, {"account": self._accounts, "positions": self._positions[: self._held]})

    @property
    def _held(self) -> int:
        return int(self._accounts["held"][0])

    def _execute(self, given: Aligned) -> Aligned:
        scored = given.scores.size == given.candidates.size
        probability = np.where(given.scores["history"] > 0.0, given.scores["probability"], np.nan)
        executions = np.zeros(3 * given.candidates.size + 2 * self._held, EXECUTION)
        days = np.zeros(self._midnights(given), EQUITY)
        written, ended = trade(
            given.bars,
            given.candidates,
            probability if scored else np.full(given.candidates.size, np.nan),
            # The compiler types a strided column of one row differently from one of several rows.
            np.ascontiguousarray(given.scores["regime"])
            if scored
            else np.full(given.candidates.size, len(REGIMES) - 1, np.int16),
            given.outcomes,
            self._positions,
            self._accounts,
            self._rules,
            executions,
            days,
        )
        return replace(given, executions=executions[:written], equity=days[:ended])

    def _midnights(self, given: Aligned) -> int:
        """Upper bound of the number of days that end by the newest row."""
        times = [given.bars["close_time"], given.candidates["ts"], given.outcomes["exit_at"]]
        newest = max((int(each[-1]) for each in times if each.size), default=0)
        oldest = min((int(each[0]) for each in times if each.size), default=0)
        begin = int(self._accounts["midnight"][0]) if self._accounts["begun"][0] else oldest
        return max(0, (newest - begin) // DAY + 2)


@operator
def execute(step_id: str, up: KeyedStream[Aligned], settings: PaperSettings, costs: Costs) -> KeyedStream[Aligned]:
    """Add the executions of the paper account and its equity at the end of each UTC day to the aligned rows."""
    return stateful_batch("account", up, lambda resume: Execute(settings, costs, resume))
