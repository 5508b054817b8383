"""Market split: convert decoded messages of prediction markets to blocks for the shards.

All books and trades of a group's tokens go to the shard of the group, whatever the names of the tokens; trades
of tokens without a group go to the shard of their instrument. Both legs of a pair are in one shard. An invalid
pair is reported as a reject with its reason, and again whenever the reason changes. Heartbeats are inserted as
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
from flows.venues.resync import Resyncs
from flows.venues.row_buffer import Run

REMEMBERED = 1 << 20
"""Largest number of names and addresses remembered as emitted; beyond it, they are emitted again."""
_BLOCKS = {"quotes": quotes_block, "trades": trades_block}


class DecodedRows(Protocol):
    """Decoded messages: a `RowBuffer`, or a batch of several (`flows.sources.market_messages.MessageBatch`)."""

    names: dict[int, str]
    addresses: dict[int, str]
    rejects: list[Reject]
    ignored: Counter[str]

    def drain(self) -> list[Run]:
        """Return the runs of rows, changes and groups, in order."""
        ...

    def ignore(self, kind: str) -> None:
        """Count an irrelevant message."""
        ...


class MarketSplit:
    """Splits decoded messages by shard.

    Parameters
    ----------
    groups
        Markets that are known from the start; they are emitted first.
    pairs
        Pairs of the mapping file.

    Attributes
    ----------
    newest_ns
        The newest time so far.
    resyncs
        The books for which a collector has to request snapshots.
    """

    def __init__(self, groups: Iterable[Group] = (), pairs: Iterable[Pair] = ()) -> None:
        self.directory = Directory(pairs)
        self.resyncs = Resyncs()
        self._pair_faults: dict[str, tuple[str, ...]] = {}
        self._rejects: list[Reject] = []
        self.newest_ns = 0
        self._named: set[tuple[int, int]] = set()
        self._parts: dict[int, list[tuple[str, Any]]] = {}
        for group in groups:
            self._publish(self.directory.put(group))

    def items(self, buffer: DecodedRows) -> list[Item]:
        """Drain `buffer` and return its blocks, in order for each shard."""
        for kind, content in buffer.drain():
            if kind == "group":
                self._publish(self.directory.put(content))
            elif kind == "change":
                changed = self.directory.change(content)
                self._publish(changed)
                if not changed:
                    buffer.ignore("change of a market that is not known")
            else:
                self._add(kind, content, buffer)
        rejects = self._rejects + buffer.rejects
        items = [(KEYS[0], rejects_block(rejects))] if rejects else []
        self._rejects, buffer.rejects = [], []
        for shard, parts in sorted(self._parts.items()):
            items += [(KEYS[shard], block) for block in _blocks(parts)]
        self._parts = {}
        return items

    def end(self) -> list[Item]:
        """A final heartbeat for every shard."""
        block = trades_block(heartbeats([self.newest_ns]))
        return [(key, block) for key in KEYS] if self.newest_ns else []

    def _publish(self, groups: list[Group]) -> None:
        moved = any(not group.members for group in groups)  # its markets may be in another shard now, without books
        for group in groups:
            for member in group.members:
                if member.status == "resolved":
                    self.resyncs.untrack(member.tokens)
                else:
                    self.resyncs.track(member.tokens, moved=moved)
            names = [token.name for member in group.members for token in member.tokens]
            self._put(group.shard, "block", markets_block([group]))
            if names:
                self._put(group.shard, "block", names_block(names))
            if group.kind == "pair":
                self._reject_pair(group)

    def _reject_pair(self, pair: Group) -> None:
        """Emit a reject with the reasons why a pair is no arbitrage, unless it was emitted before."""
        if pair.faults and self._pair_faults.get(pair.name) != pair.faults:
            reason = f"pair {pair.slug!r} is no arbitrage: {'; '.join(pair.faults)}"
            self._rejects.append(Reject("pairs", 0, reason, at_ns=self.newest_ns))
        self._pair_faults[pair.name] = pair.faults

    def _add(self, kind: str, rows: Rows, buffer: DecodedRows) -> None:
        keys = np.maximum.accumulate(np.concatenate([[self.newest_ns], rows["ts"]]))
        marks = np.flatnonzero(np.diff(keys // clock.MINUTE)).tolist()
        self.newest_ns = int(keys[-1])
        self._distribute(kind, rows[: marks[0] if marks else None], buffer)
        for start, end in pairwise([*marks, rows.size]):
            beat = heartbeats([int(keys[start + 1])])
            for shard in range(len(KEYS)):
                self._put(shard, "trades", beat)
            self._distribute(kind, rows[start:end], buffer)

    def _distribute(self, kind: str, rows: Rows, buffer: DecodedRows) -> None:
        instruments, places = np.unique(rows["instrument"], return_inverse=True)
        shards = np.array([self._shard(kind, number) for number in instruments.tolist()], np.int64)[places]
        unknown = int((shards < 0).sum())
        if unknown:
            buffer.ignored["step of a book that belongs to no known market"] += unknown
        for shard in np.unique(shards[shards >= 0]).tolist():
            own = rows[shards == shard]
            if kind == "trades":
                self._add_names(shard, own, buffer)
            else:
                self.resyncs.update(own)
            self._put(shard, kind, own)

    def _shard(self, kind: str, instrument: int) -> int:
        """The shard of an instrument; -1 for the book of an unknown market."""
        group = self.directory.group_of(instrument)
        if group is not None:
            return group.shard
        return shard_of(instrument) if kind == "trades" else -1

    def _add_names(self, shard: int, rows: Rows, buffer: DecodedRows) -> None:
        """Add the names of instruments and wallets in the rows that were not emitted before."""
        if len(self._named) > REMEMBERED:
            self._named.clear()
        instruments = self._unnamed(shard, rows["instrument"])
        wallets = [wallet for wallet in self._unnamed(shard, rows["wallet"]) if wallet != UNKNOWN]
        if instruments:
            self._put(shard, "block", names_block([buffer.names[number] for number in instruments]))
        if wallets:
            self._put(shard, "block", wallets_block([buffer.addresses[number] for number in wallets]))

    def _unnamed(self, shard: int, numbers: Rows) -> list[int]:
        new = [number for number in dict.fromkeys(numbers.tolist()) if (shard, number) not in self._named]
        self._named.update((shard, number) for number in new)
        return new

    def _put(self, shard: int, kind: str, content: Any) -> None:
        self._parts.setdefault(shard, []).append((kind, content))


def _blocks(parts: list[tuple[str, Any]]) -> list[bytes]:
    """Encode each run of rows of one kind as one block."""
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
