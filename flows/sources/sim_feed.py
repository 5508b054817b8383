"""SimFeed: plays the simulated market into the log, the past first, then in real time.

Its branches (flows/sources/sim_lane.py) advance together: whichever is furthest behind is next.
"""

import sys
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

from domain.branches import INSTRUMENTS, PREDICTION
from domain.clock import MILLISECOND, MINUTE, SECOND
from domain.errors import ServiceError
from flows.sources.sim import PIECE_NS, Simulator
from flows.sources.sim_lane import Lane, Market
from flows.sources.sim_prediction import PredictionSimulator
from flows.sources.sim_prediction_settings import SimPredictionSettings
from flows.sources.sim_settings import SimSettings

TICK_S = 0.1
"""Time between two entries of a shard once the past has been played, be there trades or not."""
LONGEST_LOG = 300
"""With so many entries in a shard the feed waits for the engine, which trims what it no longer needs."""
BACKOFF_S = (0.1, 5.0)
"""How long to wait after a first and after many failures of Redis."""


class SimFeed:
    """Plays the market of `settings` into the log.

    Parameters
    ----------
    client
        The Redis that keeps the log (`store.redis_server.connect`).
    prediction
        The prediction markets beside it; None for none.
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
        made = "symbols, seed, trades_per_second and edge of [sim]"
        self._lanes = {
            Lane(client, Market(INSTRUMENTS, Simulator(settings), made, retold=True, quiet_ns=0)): settings.history_s
        }
        if prediction is not None:
            market = Market(
                PREDICTION, PredictionSimulator(prediction), "[simulated_markets]", retold=False, quiet_ns=SECOND
            )
            self._lanes[Lane(client, market)] = min(settings.history_s, prediction.history_h * 3_600.0)

    def run(self) -> None:
        """Play until told to stop, or to the end that the settings give; while Redis is away, wait.

        Raises
        ------
        SettingError
            If the log holds another market.
        """
        wait_s = BACKOFF_S[0]
        while not self._stopping.is_set():
            try:
                for lane, history_s in self._lanes.items():
                    lane.resume(self._begin_ns(history_s))
                wait_s = BACKOFF_S[0]
                self._play(list(self._lanes))
                break
            except ServiceError as problem:
                sys.stderr.write(f"collect sim: {problem}; trying again in {wait_s:g} s\n")
                self._stopping.wait(wait_s)
                wait_s = min(2 * wait_s, BACKOFF_S[1])

    def _play(self, lanes: Sequence[Lane]) -> None:
        settings = self._settings
        while not self._stopping.is_set():
            at_ns = min(lane.at_ns for lane in lanes)
            if settings.end_ns is not None and at_ns >= settings.end_ns:
                return
            if max(lane.length for lane in lanes) >= LONGEST_LOG:
                self._stopping.wait(TICK_S / 5)
                continue
            until_ns = (at_ns // PIECE_NS + 1) * PIECE_NS
            if until_ns > self._now_ns() - settings.lead_s * SECOND:
                self._stopping.wait(TICK_S)
                until_ns = min(self._now_ns(), at_ns + round(settings.speed * TICK_S * SECOND))
                until_ns -= until_ns % MILLISECOND
            if settings.end_ns is not None:
                until_ns = min(until_ns, settings.end_ns)
            for lane in lanes:
                lane.play(until_ns)

    def _begin_ns(self, history_s: float) -> int:
        settings = self._settings
        if settings.start_ns is not None:
            return settings.start_ns
        begin_ns = self._now_ns() - round((history_s + settings.lead_s) * SECOND)
        return begin_ns - begin_ns % MINUTE
