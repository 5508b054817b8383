"""SimFeed: plays the simulated market into the log, past first, then in real time.

The log itself is the memory. Every entry is complete up to the heartbeat at its end, so the last entry
of a shard says where that shard goes on; a write that was cut off between two shards is made good by
the next, and no trade is written twice or left out.
"""

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from domain.blocks import KIND_HEARTBEAT, KIND_TRADE, heartbeats, names_block, read_block, trades_block
from domain.clock import MINUTE, SECOND
from domain.errors import ServiceError, SettingError
from domain.instruments import SHARDS
from flows.sources.sim import PIECE_NS, Simulator
from flows.sources.sim_settings import SimSettings
from store import log

if TYPE_CHECKING:
    import redis

TICK_S = 0.1
"""Time between two entries of a shard, be there trades or not."""
LONGEST_LOG = 300
"""Entries of a shard; with more the feed waits for the engine, which trims what it no longer needs."""
BACKOFF_S = (0.1, 5.0)
"""How long to wait after a first and after many failures of Redis."""


class SimFeed:
    """Plays the market of `settings` into the log.

    Parameters
    ----------
    client
        The Redis that keeps the log.
    now_ns
        The clock.
    stopping
        Ends `run`, between two entries.
    """

    def __init__(
        self, client: "redis.Redis", settings: SimSettings, now_ns: Callable[[], int], stopping: threading.Event
    ) -> None:
        self._client, self._settings, self._now_ns, self._stopping = client, settings, now_ns, stopping
        self._simulator = Simulator(settings)
        self._lead_ns = round(settings.lead_s * SECOND)
        self._positions: dict[int, int] = {}

    def run(self) -> None:
        """Play until told to stop, or until the end of the settings.

        While Redis is away, it waits and then goes on.

        Raises
        ------
        SettingError
            If the log holds another market.
        """
        backoff_s = BACKOFF_S[0]
        while not self._stopping.is_set():
            try:
                self._resume()
                backoff_s = BACKOFF_S[0]
                self._play()
                return
            except ServiceError as problem:
                sys.stderr.write(f"collect sim: {problem}; trying again in {backoff_s:g} s\n")
                self._stopping.wait(backoff_s)
                backoff_s = min(2 * backoff_s, BACKOFF_S[1])

    def _play(self) -> None:
        ...
