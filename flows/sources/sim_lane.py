"""Lane: one branch of the simulated market in the log: where each shard goes on, and what comes next.

The log is the memory. Every entry is complete up to the heartbeat at its end, so the last entry of a
shard says where that shard goes on: a write that was cut off between two shards is made good by the
next one, and nothing is left out or written twice. (One case is left: Redis dies after a write and
before its answer, and the client repeats it. The trades are then known by their ids.)
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from domain.blocks import KIND_TRADE, bundled, heartbeats, read_block, trades_block, unbundled
from domain.branches import Branch
from domain.clock import iso
from domain.errors import SettingError
from domain.instruments import SHARDS
from flows.sources.simulated import Simulates
from store import log


class Market(NamedTuple):
    """What is played into a branch of the log.

    Attributes
    ----------
    simulator
        Tells what happens in a stretch of time.
    settings
        Those that make it what it is, for whoever must restore them.
    retold
        Whether it may name more than before at a restart, so that names are told again.
    quiet_ns
        A shard in which nothing happens is told the time so often only: each time the engine has its state to save.
    """

    branch: Branch
    simulator: Simulates
    settings: str
    retold: bool
    quiet_ns: int


class Lane:
    """`market` in the log.

    Attributes
    ----------
    at_ns
        Up to when all has been played.
    """

    def __init__(self, client: Any, market: Market) -> None:
        self._client, self._market = client, market
        self.at_ns = 0
        self._positions: dict[int, int] = {}  # shard to the time up to which it is in the log

    @property
    def length(self) -> int:
        """Entries in the longest stream."""
        return log.longest(self._client, self._market.branch)

    def resume(self, begin_ns: int) -> None:
        """Find where each shard goes on; those of an empty log begin at `begin_ns`.

        Raises
        ------
        SettingError
            If the log holds another market.
        """
        found = {shard: self._last(shard) for shard in range(SHARDS)}
        known = [at_ns for at_ns in found.values() if at_ns is not None]
        # If only some shards were begun, these are still where all begin.
        begin_ns = min(known, default=begin_ns)
        self._positions = {shard: begin_ns if at_ns is None else at_ns for shard, at_ns in found.items()}
        self.at_ns = min(self._positions.values())
        opening = {}
        for shard, at_ns in self._positions.items():
            names = self._market.simulator.opening(shard, at_ns)
            if found[shard] is None or (names and self._market.retold):
                opening[shard] = [*names, trades_block(heartbeats([at_ns]))]
        self._append(opening)

    def play(self, until_ns: int) -> None:
        """Write what happens up to `until_ns`."""
        due = {}
        for shard, at_ns in self._positions.items():
            if at_ns < until_ns:
                blocks = self._market.simulator.blocks(shard, at_ns, until_ns)
                if _says_more_than_time(blocks) or until_ns - at_ns >= self._market.quiet_ns:
                    due[shard] = blocks
        self._append(due)
        self._positions |= dict.fromkeys(due, until_ns)
        self.at_ns = max(self.at_ns, until_ns)

    def _append(self, blocks: Mapping[int, list[bytes]]) -> None:
        entries = {shard: [some[0] if len(some) == 1 else bundled(some)] for shard, some in blocks.items()}
        log.append_many(self._client, entries, self._market.branch)

    def _last(self, shard: int) -> int | None:
        """The time up to which a shard is in the log; None if it has not begun."""
        last = log.last_entry(self._client, shard, self._market.branch)
        if last is None:
            return None
        blocks = unbundled(last[1])
        self._check(shard, blocks)
        return int(read_block(blocks[-1])[1]["ts"][-1])

    def _check(self, shard: int, blocks: list[bytes]) -> None:
        """Make sure that what the last entry ends with is of this market."""
        for block in reversed(blocks):
            kind, rows = read_block(block)
            if kind == "trades":
                rows = rows[rows["kind"] == KIND_TRADE]
            if kind not in ("trades", "quotes") or not rows.size:
                continue
            at_ns = int(rows["ts"][-1])
            again = map(read_block, self._market.simulator.blocks(shard, at_ns, at_ns + 1))
            if rows[-1].tobytes() not in {row.tobytes() for known, some in again if known == kind for row in some}:
                raise SettingError(
                    f"{log.key(shard, self._market.branch)} holds what happened until {iso(at_ns)}, and that is not of "
                    f"this simulated market; restore {self._market.settings}, or begin anew with 'signalengine reset'"
                )
            return


def _says_more_than_time(blocks: list[bytes]) -> bool:
    return len(blocks) > 1 or len(read_block(blocks[0])[1]) > 1
