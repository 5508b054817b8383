"""execute: a paper trade for every emitted signal, and the account that makes them.

The size risks a fixed share of the equity at the stop, or less where Kelly's criterion asks for less.
Entry, exit and costs are those of `settle`: one tracker grades all. A signal for which limits leave no
size is a trade that was skipped, and says why. No order ever leaves the process.
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
    """The paper account: the state machine that `execute` runs."""

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
            # Fewer positions may be allowed now than are open: those are kept to their end.
            self._positions = np.zeros(max(settings.positions_max, kept.size) + 1, POSITION)
            self._positions[: kept.size] = kept

    def on_batch(self, values: list[Aligned]) -> tuple[list[Aligned], bool]:
        """Add the executions and the days that ended."""
        return [self._execute(each) for each in values], False

    def on_eof(self) -> tuple[list[Aligned], bool]:
        """A pause: what is open stays open."""
        return [], False

    def snapshot(self) -> bytes:
        """All of the state as bytes."""
        return freeze(VERSION, {"account": self._accounts, "positions": self._positions[: self._held]})

    @property
    def _held(self) -> int:
        return int(self._accounts["held"][0])

    def _execute(self, given: Aligned) -> Aligned:
        scored = given.scores.size == given.candidates.size
        probability = np.where(given.scores["history"] > 0.0, given.scores["probability"], np.nan)
        executions = np.zeros(3 * given.candidates.size + 2 * self._held, EXECUTION)
        days = np.zeros(self._midnights(given), EQUITY)
        told, ended = trade(
            given.bars,
            given.candidates,
            probability if scored else np.full(given.candidates.size, np.nan),
            # A column of a single row is another kind of array to the compiler than one of several.
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
        return replace(given, executions=executions[:told], equity=days[:ended])

    def _midnights(self, given: Aligned) -> int:
        """How many days can end by the newest row."""
        times = [given.bars["close_time"], given.candidates["ts"], given.outcomes["exit_at"]]
        newest = max((int(each[-1]) for each in times if each.size), default=0)
        oldest = min((int(each[0]) for each in times if each.size), default=0)
        begin = int(self._accounts["midnight"][0]) if self._accounts["begun"][0] else oldest
        return max(0, (newest - begin) // DAY + 2)


@operator
def execute(step_id: str, up: KeyedStream[Aligned], settings: PaperSettings, costs: Costs) -> KeyedStream[Aligned]:
    """Aligned rows with what the paper account did, and its equity at the end of each UTC day."""
    return stateful_batch("account", up, lambda resume: Execute(settings, costs, resume))
