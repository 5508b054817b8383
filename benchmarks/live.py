"""Live: logs that deliver data in real time, trades of instruments and messages of prediction markets.

Trades arrive at the live rate, 5,300 per second, but event time runs ten times as fast, so that bars of 1m close every
six seconds; one hour of them is delivered first, as history. Prediction markets are simulated and run in real time;
each of their shards receives data, at least a heartbeat, every tenth of a second.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from numpy.typing import NDArray

from benchmarks.markets import names, trades
from domain.blocks import names_block, trades_block
from domain.clock import HOUR, SECOND
from domain.instruments import SHARDS, instrument_id, shard_of
from flows.shards import KEYS
from flows.sources.sim import DEFAULT_START_NS
from flows.sources.sim_prediction import PredictionSimulator
from flows.sources.sim_prediction_settings import PIECE_NS, SimPredictionSettings

PER_SECOND, FASTER = 5_300, 10
HISTORY_MINUTES = 62
SAID_EVERY_S = 0.1
PIECES = 3
"""Pieces of ten minutes of history of the prediction markets."""
SETTLED_S = 1.0
"""By then the history has been processed."""


class Shard(NamedTuple):
    """The data of a partition: the history, and then the data that is due after so many seconds."""

    key: str
    at_once: list[bytes]
    since: Callable[[float], list[bytes]]


class Clock:
    """Seconds since the partitions have delivered the history."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._began: float | None = None

    def now_s(self) -> float:
        """Starts with the first call."""
        now = time.perf_counter()
        self._began = now if self._began is None else self._began
        return now - self._began


class Watches(Protocol):
    """Observer of how partitions are polled and snapshotted."""

    def snapped(self, number: int) -> None:
        """A partition was snapshotted: its epoch with this number, counted from 0, ends."""

    def asked(self, number: int, waited_s: float) -> None:
        """A partition was polled again, `waited_s` after the end of that epoch."""


class Live(FixedPartitionedSource[Any, None]):
    """Shards that deliver data in real time."""

    def __init__(self, shards: list[Shard], clock: Clock, watcher: Watches) -> None:
        self._shards, self._clock, self._watcher = shards, clock, watcher

    def list_parts(self) -> list[str]:
        return [f"{shard:03d}" for shard in range(SHARDS)]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "LivePart":
        return LivePart(self._shards[int(for_part)], self._clock, self._watcher)


class LivePart(StatefulSourcePartition[Any, None]):
    """One shard. It is polled continuously, so that no pause is hidden in a wait."""

    def __init__(self, shard: Shard, clock: Clock, watcher: Watches) -> None:
        self._shard, self._clock, self._watcher = shard, clock, watcher
        self._waiting, self._snapped, self._epochs = shard.at_once, 0.0, 0

    def next_batch(self) -> list[Any]:
        if self._waiting:
            given, self._waiting = self._waiting, []
            return [(self._shard.key, block) for block in given]
        now_s = self._clock.now_s()
        if self._snapped and now_s > SETTLED_S:
            self._watcher.asked(self._epochs - 1, time.perf_counter() - self._snapped)
        self._snapped = 0.0
        if now_s >= self._clock.seconds:
            raise StopIteration
        return [(self._shard.key, block) for block in self._shard.since(now_s)]

    def next_awake(self) -> datetime:
        return datetime.now(UTC)

    def snapshot(self) -> None:
        self._snapped = time.perf_counter()
        self._watcher.snapped(self._epochs)
        self._epochs += 1


def instruments(count: int, seconds: float) -> list[Shard]:
    """Trades at the rate of a venue, after an hour of history."""
    past = trades(count, 4 * count * HISTORY_MINUTES, HISTORY_MINUTES)
    live = trades(count, int(seconds * PER_SECOND), max(1, round(seconds * FASTER / 60)))
    live["ts"] += past["ts"][-1] - live["ts"][0]
    rows = np.concatenate([past, live])
    rows["flags"], rows["id"] = 0, -1  # ids begin anew, and are not compared
    due_s = (rows["ts"] - live["ts"][0]) / SECOND / FASTER
    made = []
    for shard in range(SHARDS):
        mine = rows["instrument"] % SHARDS == shard
        ours = [name for name in names(count) if shard_of(instrument_id(name)) == shard]
        history = int(mine[: past.size].sum())
        at_once = [names_block(ours), trades_block(rows[mine][:history])]
        made.append(Shard(KEYS[shard], at_once, _trading(rows[mine][history:], due_s[mine][history:])))
    return made


def _trading(rows: NDArray[Any], due_s: NDArray[Any]) -> Callable[[float], list[bytes]]:
    at = 0

    def since(now_s: float) -> list[bytes]:
        nonlocal at
        start, at = at, int(np.searchsorted(due_s, now_s))
        return [trades_block(rows[start:at])] if at > start else []

    return since


def markets(groups: int, seconds: float) -> list[Shard]:
    """Simulated prediction markets, after half an hour of history."""
    fourth = groups // 4
    settings = SimPredictionSettings(singles=groups - 3 * fourth, events=fourth, open_events=fourth, ladders=fourth)
    simulator = PredictionSimulator(settings)
    begin = DEFAULT_START_NS + HOUR
    now = begin + PIECES * PIECE_NS
    made = []
    for shard in range(SHARDS):
        at_once = [*simulator.opening(shard, begin), *simulator.blocks(shard, begin, now)]
        instants = [now + int(tick * SAID_EVERY_S * SECOND) for tick in range(int(seconds / SAID_EVERY_S) + 2)]
        blocks = [simulator.blocks(shard, *span) for span in pairwise(instants)]
        made.append(Shard(KEYS[shard], at_once, _speaking(blocks, shard / SHARDS * SAID_EVERY_S)))
    return made


def _speaking(blocks: list[list[bytes]], later_s: float) -> Callable[[float], list[bytes]]:
    at = 0

    def since(now_s: float) -> list[bytes]:
        nonlocal at
        start, at = at, int(max(0.0, now_s - later_s) / SAID_EVERY_S)
        return [block for some in blocks[start:at] for block in some]

    return since
