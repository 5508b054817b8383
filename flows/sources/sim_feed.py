"""SimFeed: write the simulated market to the log, first its history, then in real time.

Its branches (flows/sources/sim_branch.py) advance together: the one furthest behind is written next.
"""

import sys
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

from domain.branches import INSTRUMENTS, PREDICTION
from domain.clock import MILLISECOND, MINUTE, SECOND
from domain.errors import ServiceError
from flows.sources.sim import PIECE_NS, Simulator
from flows.sources.sim_branch import BranchMarket, SimBranch
from flows.sources.sim_prediction import PredictionSimulator
from flows.sources.sim_prediction_settings import SimPredictionSettings
from flows.sources.sim_settings import SimSettings

TICK_S = 0.1
"""Interval between two entries of a shard after the history, with or without trades."""
LONGEST_LOG = 300
"""Number of entries in a shard's stream at which the feed pauses until the engine has trimmed it."""
BACKOFF_S = (0.1, 5.0)
"""Seconds to wait after the first failure of Redis, and at most."""


class SimFeed:
    """Writes the market of `settings` to the log.

    Parameters
    ----------
    client
        Client of the Redis that stores the log (`store.redis_server.connect`).
    prediction
        Settings of the simulated prediction markets; None for none.
    now_ns
        The clock.
    stopping
        Ends `run` between two entries.
    """

    def __init__(
        self,
        client: Any,
        settings: SimSettings,
        now_ns: Callable[[], int],
        stopping: Event,
        *,
        prediction: SimPredictionSettings | None = None,
    ) -> None:
        self._settings, self._now_ns, self._stopping = settings, now_ns, stopping
        defining = "symbols, seed, trades_per_second and edge of [sim]"
        market = BranchMarket(INSTRUMENTS, Simulator(settings), defining, republish_names=True, quiet_ns=0)
        self._branches = {SimBranch(client, market): settings.history_s}
        if prediction is not None:
            market = BranchMarket(
                PREDICTION,
                PredictionSimulator(prediction),
                "[simulated_markets]",
                republish_names=False,
                quiet_ns=SECOND,
            )
            self._branches[SimBranch(client, market)] = min(settings.history_s, prediction.history_h * 3_600.0)

    def run(self) -> None:
        """Run until `stopping` is set or the configured end; wait while Redis is unavailable.

        Raises
        ------
        SettingError
            If the log holds a different market.
        """
        wait_s = BACKOFF_S[0]
        while not self._stopping.is_set():
            try:
                for branch, history_s in self._branches.items():
                    branch.resume(self._begin_ns(history_s))
                wait_s = BACKOFF_S[0]
                self._play(list(self._branches))
                break
            except ServiceError as problem:
                sys.stderr.write(f"collect sim: {problem}; retrying in {wait_s:g} s\n")
                self._stopping.wait(wait_s)
                wait_s = min(2 * wait_s, BACKOFF_S[1])

    def _play(self, branches: Sequence[SimBranch]) -> None:
        settings = self._settings
        while not self._stopping.is_set():
            at_ns = min(branch.at_ns for branch in branches)
            if settings.end_ns is not None and at_ns >= settings.end_ns:
                return
            if max(branch.length for branch in branches) >= LONGEST_LOG:
                self._stopping.wait(TICK_S / 5)
                continue
            until_ns = (at_ns // PIECE_NS + 1) * PIECE_NS
            if until_ns > self._now_ns() - settings.lead_s * SECOND:
                self._stopping.wait(TICK_S)
                until_ns = min(self._now_ns(), at_ns + round(settings.speed * TICK_S * SECOND))
                until_ns -= until_ns % MILLISECOND
            if settings.end_ns is not None:
                until_ns = min(until_ns, settings.end_ns)
            for branch in branches:
                branch.play(until_ns)

    def _begin_ns(self, history_s: float) -> int:
        settings = self._settings
        if settings.start_ns is not None:
            return settings.start_ns
        begin_ns = self._now_ns() - round((history_s + settings.lead_s) * SECOND)
        return begin_ns - begin_ns % MINUTE
