"""SimFeed: plays the simulated market into the log, the past first, then in real time.

The log is the memory. Every entry is complete up to the heartbeat at its end, so the last entry of a
shard says where that shard goes on: a write that was cut off between two shards is made good by the
next one, and no trade is left out or written twice. (One case is left: Redis dies after a write and
before its answer, and the client repeats it. The trades are then known by their ids.)
"""

import sys
from collections.abc import Callable
from threading import Event
from typing import Any

from domain.blocks import KIND_HEARTBEAT, KIND_TRADE, Rows, heartbeats, names_block, read_block, trades_block
from domain.clock import MILLISECOND, MINUTE, SECOND, iso
from domain.errors import ServiceError, SettingError
from domain.instruments import SHARDS
from flows.sources.sim import PIECE_NS, Simulator
from flows.sources.sim_settings import SimSettings
from store import log

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
    now_ns
        The clock.
    stopping
        Ends `run` between two entries.
    """

    def __init__(self, client: Any, settings: SimSettings, now_ns: Callable[[], int], stopping: Event) -> None:
        self._client, self._settings, self._now_ns, self._stopping = client, settings, now_ns, stopping
        self._simulator = Simulator(settings)

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
                positions = self._resume()
                wait_s = BACKOFF_S[0]
                self._play(positions)
                break
            except ServiceError as problem:
                sys.stderr.write(f"collect sim: {problem}; trying again in {wait_s:g} s\n")
                self._stopping.wait(wait_s)
                wait_s = min(2 * wait_s, BACKOFF_S[1])

    def _resume(self) -> dict[int, int]:
        """Where each shard goes on; names its instruments there."""
        found = {shard: self._last_rows(shard) for shard in range(SHARDS)}
        known = [int(rows["ts"][-1]) for rows in found.values() if rows is not None]
        # If only some shards were begun, these are still where all begin.
        begin_ns = min(known) if known else self._begin_ns()
        positions, blocks = {}, {}
        for shard, rows in found.items():
            positions[shard] = begin_ns if rows is None else int(rows["ts"][-1])
            names = [names_block(self._simulator.names[shard])] if self._simulator.names[shard] else []
            if names or rows is None:
                blocks[shard] = [*names, trades_block(heartbeats([positions[shard]]))]
        log.append_many(self._client, blocks)
        return positions

    def _play(self, positions: dict[int, int]) -> None:
        settings = self._settings
        while not self._stopping.is_set():
            at_ns = min(positions.values())
            if settings.end_ns is not None and at_ns >= settings.end_ns:
                return
            if log.longest(self._client) >= LONGEST_LOG:
                self._stopping.wait(TICK_S / 5)
                continue
            until_ns = (at_ns // PIECE_NS + 1) * PIECE_NS
            if until_ns > self._now_ns() - settings.lead_s * SECOND:
                self._stopping.wait(TICK_S)
                until_ns = min(self._now_ns(), at_ns + round(settings.speed * TICK_S * SECOND))
                until_ns -= until_ns % MILLISECOND
            if settings.end_ns is not None:
                until_ns = min(until_ns, settings.end_ns)
            due = {shard: start_ns for shard, start_ns in positions.items() if start_ns < until_ns}
            log.append_many(
                self._client,
                {shard: [self._simulator.block(shard, start_ns, until_ns)] for shard, start_ns in due.items()},
            )
            positions |= dict.fromkeys(due, until_ns)

    def _begin_ns(self) -> int:
        settings = self._settings
        if settings.start_ns is not None:
            return settings.start_ns
        begin_ns = self._now_ns() - round((settings.history_s + settings.lead_s) * SECOND)
        return begin_ns - begin_ns % MINUTE

    def _last_rows(self, shard: int) -> Rows | None:
        """The rows that end where the shard goes on; None if it has not begun."""
        last = log.last_entry(self._client, shard)
        if last is None:
            return None
        rows = _complete(last[1])
        if rows is None:
            # Cut off between the names and what follows them: look further back.
            entries = log.read(self._client, shard, log.START, 1_000_000)
            rows = next((rows for _, block in reversed(entries) if (rows := _complete(block)) is not None), None)
        if rows is not None:
            self._check(shard, rows)
        return rows

    def _check(self, shard: int, rows: Rows) -> None:
        """Make sure that the last trade is one of this market."""
        trades = rows[rows["kind"] == KIND_TRADE]
        if not trades.size:
            return
        last = trades[-1:]
        at_ns = int(last["ts"][0])
        if last.tobytes() not in {row.tobytes() for row in self._simulator.rows(shard, at_ns, at_ns + 1)}:
            raise SettingError(
                f"{log.key(shard)} holds trades until {iso(at_ns)} that are not of this simulated market; restore "
                f"symbols, seed, trades_per_second and edge of [sim], or begin anew with 'signalengine reset'"
            )


def _complete(block: bytes) -> Rows | None:
    """The rows of a block of trades that ends with a heartbeat."""
    kind, rows = read_block(block)
    return rows if kind == "trades" and rows["kind"][-1] == KIND_HEARTBEAT else None
