"""Simulated prediction markets: groups of markets with their books and trades, as blocks and as a source.

The output for a time range is a function of the settings and that range alone; so a position is a time, as in
`flows.sources.sim`. A group is emitted when it opens, and again when it is resolved, which is when the next group
of its kind opens. All output is labelled as simulated wherever a person sees it.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from domain.blocks import (
    TRADE,
    Rows,
    heartbeats,
    markets_block,
    names_block,
    quotes_block,
    trades_block,
    wallets_block,
)
from domain.clock import MINUTE
from domain.instruments import SHARDS
from domain.markets import Group
from domain.quotes import QUOTE
from flows.sources.sim import DEFAULT_START_NS
from flows.sources.sim_prediction_books import books
from flows.sources.sim_prediction_group import DrawnGroup, GroupKey, draw, group_keys
from flows.sources.sim_prediction_settings import PIECE_NS, SimPredictionSettings
from flows.sources.sim_prediction_trades import trades
from flows.sources.sim_prediction_trajectory import Trajectory, trajectory
from flows.sources.sim_prediction_wallets import addresses
from flows.sources.sim_prediction_whales import Fill, fills
from flows.sources.simulated import SimulatedSource


class _SimulatedGroup(NamedTuple):
    """One group, with its trajectory and the fills of its whales."""

    drawn: DrawnGroup
    trajectory: Trajectory
    whales: list[Fill]


class PredictionSimulator:
    """The simulated prediction markets of the settings."""

    def __init__(self, settings: SimPredictionSettings) -> None:
        self._settings = settings
        self._keys = group_keys(settings)
        # A group takes a few megabytes; at a round boundary both the ending and the new group are needed.
        self._draw = lru_cache(maxsize=4 * len(self._keys))(lambda key: draw(settings, key))
        self._group = lru_cache(maxsize=2 * len(self._keys))(self._simulate)
        # In real time a piece is requested in thousands of time ranges, one shard after the other.
        self._piece = lru_cache(maxsize=2 * SHARDS)(self._rows_of_piece)

    def opening(self, shard: int, at_ns: int) -> list[bytes]:
        """Blocks that a reader starting at `at_ns` needs first: all wallets, and the shard's open groups."""
        blocks = [wallets_block(addresses(self._settings.seed))]
        for key in self._live(shard, at_ns - 1):
            drawn = self._draw(key)
            if drawn.opens_ns < at_ns < drawn.closes_ns:
                blocks += _group_blocks(drawn.group)
        return blocks

    def blocks(self, shard: int, start_ns: int, end_ns: int) -> list[bytes]:
        """Blocks of a shard in the half-open range from `start_ns` to `end_ns`, ending with a heartbeat."""
        found: list[bytes] = []
        for piece in range(start_ns // PIECE_NS, -(-end_ns // PIECE_NS)):
            if start_ns <= piece * PIECE_NS:
                found += self._news(shard, piece * PIECE_NS)
            found += _merged(*(_within(rows, start_ns, end_ns) for rows in self._piece(shard, piece)))
        return [*found, trades_block(heartbeats([end_ns]))]

    def _live(self, shard: int, at_ns: int) -> Iterator[GroupKey]:
        """The keys of a shard's groups that are open at `at_ns`."""
        for kind, number in self._keys:
            key = GroupKey(kind, number, at_ns // self._settings.round_ns)
            if self._draw(key).group.shard == shard:
                yield key

    def _news(self, shard: int, at_ns: int) -> list[bytes]:
        """Blocks of the groups that are resolved or opened at `at_ns`."""
        if at_ns % self._settings.round_ns:
            return []
        found = [markets_block([self._draw(key).resolved]) for key in self._live(shard, at_ns - 1)]
        for key in self._live(shard, at_ns):
            found += _group_blocks(self._draw(key).group)
        return found

    def _rows_of_piece(self, shard: int, piece: int) -> tuple[Rows, Rows]:
        """Quotes and trades of a piece of time (counted since 1970), each ordered by time."""
        settings, parts = self._settings, []
        for key in self._live(shard, piece * PIECE_NS):
            drawn, path, whales = self._group(key)
            at = piece - drawn.opens_ns // PIECE_NS
            parts.append(
                (
                    books(settings.seed, key, drawn, path, at),
                    trades(settings, key, drawn, path, whales, at),
                )
            )
        quotes = _by_time([np.empty(0, QUOTE), *(part[0] for part in parts)])
        return quotes, _by_time([np.empty(0, TRADE), *(part[1] for part in parts)])

    def _simulate(self, key: GroupKey) -> _SimulatedGroup:
        drawn = self._draw(key)
        path = trajectory(self._settings, key, drawn)
        return _SimulatedGroup(drawn, path, fills(self._settings, key, drawn, path))


def _group_blocks(group: Group) -> list[bytes]:
    names = [token.name for market in group.markets for token in (market.yes, market.no)]
    return [markets_block([group]), names_block(names)]


def _by_time(parts: list[Rows]) -> Rows:
    rows = np.concatenate(parts)
    return rows.take(np.argsort(rows["ts"], kind="stable"))


def _within(rows: Rows, start_ns: int, end_ns: int) -> Rows:
    return rows[slice(*np.searchsorted(rows["ts"], (start_ns, end_ns)))]


def _merged(quotes: Rows, prints: Rows) -> list[bytes]:
    """Both merged by time, as one block per run of a kind; at the same instant quotes come first."""
    if not quotes.size + prints.size:
        return []
    before = np.searchsorted(quotes["ts"], prints["ts"], side="right")
    found: list[bytes] = []
    start = first = 0
    for at in np.unique(before).tolist():
        end = int(np.searchsorted(before, at, side="right"))
        if at > start:
            found.append(quotes_block(quotes[start:at]))
        found.append(trades_block(prints[first:end]))
        start, first = at, end
    return [*found, quotes_block(quotes[start:])] if start < quotes.size else found


def sim_prediction_source(settings: SimPredictionSettings, minutes: int) -> SimulatedSource:
    """The markets of `settings` for a number of minutes from 2024-01-01, as a source that ends with a heartbeat."""
    span = (DEFAULT_START_NS, DEFAULT_START_NS + minutes * MINUTE)
    return SimulatedSource(PredictionSimulator(settings), span, PIECE_NS)
