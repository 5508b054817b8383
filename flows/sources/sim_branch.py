"""SimBranch: write one branch of the simulated market to the log, and resume each shard where it ended.

The log is the only state. Every entry is complete up to the heartbeat at its end, so the last entry of a shard
tells where that shard resumes: a write that was interrupted between two shards is completed by the next one,
and nothing is skipped or written twice. (One exception: if Redis dies after a write and before its reply, the
client repeats the write. These trades are then recognised by their ids.)
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from domain.blocks import KIND_TRADE, bundled, heartbeats, read_block, trades_block, unbundled
from domain.branches import Branch
from domain.clock import iso
from domain.errors import SettingError
from domain.instruments import SHARDS
from flows.sources.simulated import BlockSimulator
from store import log


class BranchMarket(NamedTuple):
    """The market that is written to a branch of the log.

    Attributes
    ----------
    simulator
        Generates the blocks of a time range.
    settings
        Names of the settings that define the market, for the error message if they changed.
    republish_names
        Whether a restart may add instruments, so that names are written again.
    quiet_ns
        Minimum interval between heartbeats of a shard without other rows: each makes the engine save state.
    """

    branch: Branch
    simulator: BlockSimulator
    settings: str
    republish_names: bool
    quiet_ns: int


class SimBranch:
    """Writes `market` to its branch of the log.

    Attributes
    ----------
    at_ns
        Time up to which all shards have been written.
    """

    def __init__(self, client: Any, market: BranchMarket) -> None:
        self._client, self._market = client, market
        self.at_ns = 0
        self._positions: dict[int, int] = {}  # shard to the time up to which it was written

    @property
    def length(self) -> int:
        """Number of entries in the longest stream."""
        return log.longest(self._client, self._market.branch)

    def resume(self, begin_ns: int) -> None:
        """Find the position of each shard; the shards of an empty log start at `begin_ns`.

        Raises
        ------
        SettingError
            If the log holds a different market.
        """
        written = {shard: self._last(shard) for shard in range(SHARDS)}
        known = [at_ns for at_ns in written.values() if at_ns is not None]
        # If only some shards were started, they are still at the common start.
        begin_ns = min(known, default=begin_ns)
        self._positions = {shard: begin_ns if at_ns is None else at_ns for shard, at_ns in written.items()}
        self.at_ns = min(self._positions.values())
        opening = {}
        for shard, at_ns in self._positions.items():
            names = self._market.simulator.opening(shard, at_ns)
            if written[shard] is None or (names and self._market.republish_names):
                opening[shard] = [*names, trades_block(heartbeats([at_ns]))]
        self._append(opening)

    def play(self, until_ns: int) -> None:
        """Write all blocks up to `until_ns`."""
        due = {}
        for shard, at_ns in self._positions.items():
            if at_ns < until_ns:
                blocks = self._market.simulator.blocks(shard, at_ns, until_ns)
                if _has_rows(blocks) or until_ns - at_ns >= self._market.quiet_ns:
                    due[shard] = blocks
        self._append(due)
        self._positions |= dict.fromkeys(due, until_ns)
        self.at_ns = max(self.at_ns, until_ns)

    def _append(self, blocks: Mapping[int, list[bytes]]) -> None:
        entries = {shard: [some[0] if len(some) == 1 else bundled(some)] for shard, some in blocks.items()}
        log.append_many(self._client, entries, self._market.branch)

    def _last(self, shard: int) -> int | None:
        """The time up to which a shard was written; None if it was not started."""
        last = log.last_entry(self._client, shard, self._market.branch)
        if last is None:
            return None
        blocks = unbundled(last[1])
        self._check(shard, blocks)
        return int(read_block(blocks[-1])[1]["ts"][-1])

    def _check(self, shard: int, blocks: list[bytes]) -> None:
        """Check that the last row of the last entry is of this market."""
        for block in reversed(blocks):
            kind, rows = read_block(block)
            if kind == "trades":
                rows = rows[rows["kind"] == KIND_TRADE]
            if kind not in ("trades", "quotes") or not rows.size:
                continue
            at_ns = int(rows["ts"][-1])
            expected = map(read_block, self._market.simulator.blocks(shard, at_ns, at_ns + 1))
            if rows[-1].tobytes() not in {row.tobytes() for other, some in expected if other == kind for row in some}:
                raise SettingError(
                    f"{log.key(shard, self._market.branch)} holds rows until {iso(at_ns)} of a different simulated "
                    f"market; restore {self._market.settings}, or start over with 'signalengine reset'"
                )
            return


def _has_rows(blocks: list[bytes]) -> bool:
    """Whether blocks have more than a heartbeat."""
    return len(blocks) > 1 or len(read_block(blocks[0])[1]) > 1
