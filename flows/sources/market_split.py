"""Market split: what venues of prediction markets say as blocks for shards.

All books and trades of a group's tokens go to the group's shard, whatever the tokens are called;
trades of tokens without a group go where any instrument's trades go. Both legs of a pair are in one
shard. A pair that is refused is a reject that says why, anew whenever that changes. Heartbeats stand as
in `flows.sources.split`.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from domain import clock
from domain.blocks import (
    Rows,
    heartbeats,
    markets_block,
    names_block,
    quotes_block,
    rejects_block,
    trades_block,
    wallets_block,
)
from domain.instruments import shard_of
from domain.markets import Group
from domain.pairs import Pair
from domain.rows import concatenated
from domain.slices import Reject
from domain.wallets import UNKNOWN
from flows.shards import KEYS
from flows.sources.split import Item
from flows.venues.directory import Directory
from flows.venues.intake import Run
from flows.venues.resync import Resyncs

REMEMBERED = 1 << 20
"""Names and addresses that are known to have gone out; beyond, they go out again."""
_BLOCKS = {"quotes": quotes_block, "trades": trades_block}


class Told(Protocol):
    """What messages said: an `Intake`, or what several of them gathered; see there."""

    names: dict[int, str]
    addresses: dict[int, str]
    rejects: list[Reject]
    ignored: Counter[str]

    def take(self) -> list[Run]:
        """The runs of rows, changes and groups, in their order."""
        ...

    def ignore(self, kind: str) -> None:
        """Count what says nothing to us."""
        ...


class MarketSplit:
    """Splits what intakes hold.

    Parameters
    ----------
    groups
        The markets that are known from the start; they go out ahead of all else.
    pairs
        Those of the mapping file.

    Attributes
    ----------
    newest_ns
        The newest time so far.
    resyncs
        The books that whoever collects has to ask for.
    """

    def __init__(self, groups: Iterable[Group] = (), pairs: Iterable[Pair] = ()) -> None:
        self.directory = Directory(pairs)
        self.resyncs = Resyncs()
        self._refused: dict[str, tuple[str, ...]] = {}
        self._rejects: list[Reject] = []
        self.newest_ns = 0
        self._named: set[tuple[int, int]] = set()
        self._parts: dict[int, list[tuple[str, Any]]] = {}
        for group in groups:
            self._tell(self.directory.put(group))

    def items(self, intake: Told) -> list[Item]:
        """Blocks for the shards, each shard's in order, of what the intake gathered."""
        for kind, content in intake.take():
            if kind == "group":
                self._tell(self.directory.put(content))
            elif kind == "change":
                changed = self.directory.change(content)
                self._tell(changed)
                if not changed:
                    intake.ignore("change of a market that is not known")
            else:
                self._add(kind, content, intake)
        rejects = self._rejects + intake.rejects
        items = [(KEYS[0], rejects_block(rejects))] if rejects else []
        self._rejects, intake.rejects = [], []
        for shard, parts in sorted(self._parts.items()):
            items += [(KEYS[shard], block) for block in _blocks(parts)]
        self._parts = {}
        return items

    def end(self) -> list[Item]:
        """One last heartbeat to every shard."""
        block = trades_block(heartbeats([self.newest_ns]))
        return [(key, block) for key in KEYS] if self.newest_ns else []

    def _tell(self, groups: list[Group]) -> None:
        moved = any(not group.members for group in groups)  # what was there may be elsewhere now, without its books
        for group in groups:
            for member in group.members:
                if member.status == "resolved":
                    self.resyncs.forget(member.tokens)
                else:
                    self.resyncs.learn(member.tokens, moved=moved)
            names = [token.name for member in group.members for token in member.tokens]
            self._put(group.shard, "block", markets_block([group]))
            if names:
                self._put(group.shard, "block", names_block(names))
            if group.kind == "pair":
                self._refuse(group)

    def _refuse(self, pair: Group) -> None:
        """Say why a pair is no arbitrage, where that was not said before."""
        if pair.faults and self._refused.get(pair.name) != pair.faults:
            reason = f"pair {pair.slug!r} is no arbitrage: {'; '.join(pair.faults)}"
            self._rejects.append(Reject("pairs", 0, reason, at_ns=self.newest_ns))
        self._refused[pair.name] = pair.faults

    def _add(self, kind: str, rows: Rows, intake: Told) -> None:
        keys = np.maximum.accumulate(np.concatenate([[self.newest_ns], rows["ts"]]))
        marks = np.flatnonzero(np.diff(keys // clock.MINUTE)).tolist()
        self.newest_ns = int(keys[-1])
        self._share(kind, rows[: marks[0] if marks else None], intake)
        for start, end in pairwise([*marks, rows.size]):
            beat = heartbeats([int(keys[start + 1])])
            for shard in range(len(KEYS)):
                self._put(shard, "trades", beat)
            self._share(kind, rows[start:end], intake)

    def _share(self, kind: str, rows: Rows, intake: Told) -> None:
        instruments, places = np.unique(rows["instrument"], return_inverse=True)
        shards = np.array([self._shard(kind, number) for number in instruments.tolist()], np.int64)[places]
        strangers = int((shards < 0).sum())
        if strangers:
            intake.ignored["step of a book that belongs to no known market"] += strangers
        for shard in np.unique(shards[shards >= 0]).tolist():
            own = rows[shards == shard]
            if kind == "trades":
                self._name(shard, own, intake)
            else:
                self.resyncs.note(own)
            self._put(shard, kind, own)

    def _shard(self, kind: str, instrument: int) -> int:
        """The shard of an instrument; -1 for a book that nobody could use."""
        group = self.directory.group_of(instrument)
        if group is not None:
            return group.shard
        return shard_of(instrument) if kind == "trades" else -1

    def _name(self, shard: int, rows: Rows, intake: Told) -> None:
        """Say who is in the rows, where it was not said before."""
        if len(self._named) > REMEMBERED:
            self._named.clear()
        instruments = self._unnamed(shard, rows["instrument"])
        wallets = [wallet for wallet in self._unnamed(shard, rows["wallet"]) if wallet != UNKNOWN]
        if instruments:
            self._put(shard, "block", names_block([intake.names[number] for number in instruments]))
        if wallets:
            self._put(shard, "block", wallets_block([intake.addresses[number] for number in wallets]))

    def _unnamed(self, shard: int, numbers: Rows) -> list[int]:
        new = [number for number in dict.fromkeys(numbers.tolist()) if (shard, number) not in self._named]
        self._named.update((shard, number) for number in new)
        return new

    def _put(self, shard: int, kind: str, content: Any) -> None:
        self._parts.setdefault(shard, []).append((kind, content))


def _blocks(parts: list[tuple[str, Any]]) -> list[bytes]:
    """Runs of rows of one kind as one block each."""
    blocks: list[bytes] = []
    run: list[Rows] = []
    for at, (kind, content) in enumerate(parts):
        if kind == "block":
            blocks.append(content)
            continue
        run.append(content)
        if at + 1 == len(parts) or parts[at + 1][0] != kind:
            blocks.append(_BLOCKS[kind](concatenated(run)))
            run = []
    return blocks
