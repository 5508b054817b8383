"""Simulated prediction markets: groups of markets, their books and their trades as blocks, and as a source.

What is told in a stretch of time is a function of the settings and of that stretch alone; so a position
is a time, as in `flows.sources.sim`. A group is told of when it opens, and again when it is resolved,
which is when the next one opens in its place. All of it is called simulated wherever a person looks.
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
from flows.sources.sim_prediction_course import Course, course
from flows.sources.sim_prediction_group import Draw, Place, draw, places
from flows.sources.sim_prediction_settings import PIECE_NS, SimPredictionSettings
from flows.sources.sim_prediction_trades import trades
from flows.sources.sim_prediction_wallets import addresses
from flows.sources.sim_prediction_whales import Fill, fills
from flows.sources.simulated import SimulatedSource


class _Life(NamedTuple):
    """All that happens to one group."""

    drawn: Draw
    told: Course
    whales: list[Fill]


class PredictionSimulator:
    """The simulated prediction markets of the settings."""

    def __init__(self, settings: SimPredictionSettings) -> None:
        self._settings = settings
        self._places = places(settings)
        # A life is a few megabytes; of each place the one that ends and the one that begins may be asked for.
        self._draw = lru_cache(maxsize=4 * len(self._places))(lambda place: draw(settings, place))
        self._life = lru_cache(maxsize=2 * len(self._places))(self._made)
        # In real time a piece is told in thousands of stretches, of one shard after the other.
        self._piece = lru_cache(maxsize=2 * SHARDS)(self._told_in)

    def opening(self, shard: int, at_ns: int) -> list[bytes]:
        """What whoever begins at `at_ns` has to know of a shard: its wallets, and the groups that opened before."""
        told = [wallets_block(addresses(self._settings.seed))]
        for place in self._live(shard, at_ns - 1):
            drawn = self._draw(place)
            if drawn.opens_ns < at_ns < drawn.closes_ns:
                told += _told(drawn.group)
        return told

    def blocks(self, shard: int, start_ns: int, end_ns: int) -> list[bytes]:
        """All that happens in a shard from `start_ns` to just before `end_ns`; ends with a heartbeat at `end_ns`."""
        found: list[bytes] = []
        for piece in range(start_ns // PIECE_NS, -(-end_ns // PIECE_NS)):
            if start_ns <= piece * PIECE_NS:
                found += self._news(shard, piece * PIECE_NS)
            found += _merged(*(_within(rows, start_ns, end_ns) for rows in self._piece(shard, piece)))
        return [*found, trades_block(heartbeats([end_ns]))]

    def _live(self, shard: int, at_ns: int) -> Iterator[Place]:
        """The places of a shard's groups that live at `at_ns`."""
        for kind, number in self._places:
            place = Place(kind, number, at_ns // self._settings.round_ns)
            if self._draw(place).group.shard == shard:
                yield place

    def _news(self, shard: int, at_ns: int) -> list[bytes]:
        """The groups that are resolved and those that open at `at_ns`."""
        if at_ns % self._settings.round_ns:
            return []
        found = [markets_block([self._draw(place).resolved]) for place in self._live(shard, at_ns - 1)]
        for place in self._live(shard, at_ns):
            found += _told(self._draw(place).group)
        return found

    def _told_in(self, shard: int, piece: int) -> tuple[Rows, Rows]:
        """Steps of books and trades of a piece of time, counted since 1970, each by time."""
        settings, parts = self._settings, []
        for place in self._live(shard, piece * PIECE_NS):
            drawn, told, whales = self._life(place)
            at = piece - drawn.opens_ns // PIECE_NS
            parts.append(
                (
                    books(settings.seed, place, drawn, told, at),
                    trades(settings, place, drawn, told, whales, at),
                )
            )
        quotes = _by_time([np.empty(0, QUOTE), *(part[0] for part in parts)])
        return quotes, _by_time([np.empty(0, TRADE), *(part[1] for part in parts)])

    def _made(self, place: Place) -> _Life:
        drawn = self._draw(place)
        told = course(self._settings, place, drawn)
        return _Life(drawn, told, fills(self._settings, place, drawn, told))


def _told(group: Group) -> list[bytes]:
    names = [token.name for market in group.markets for token in (market.yes, market.no)]
    return [markets_block([group]), names_block(names)]


def _by_time(parts: list[Rows]) -> Rows:
    rows = np.concatenate(parts)
    return rows.take(np.argsort(rows["ts"], kind="stable"))


def _within(rows: Rows, start_ns: int, end_ns: int) -> Rows:
    return rows[slice(*np.searchsorted(rows["ts"], (start_ns, end_ns)))]


def _merged(quotes: Rows, prints: Rows) -> list[bytes]:
    """Both by time, as one block for each run of a kind; at one instant books come first."""
    if not quotes.size + prints.size:
        return []
    place = np.searchsorted(quotes["ts"], prints["ts"], side="right")
    found: list[bytes] = []
    start = first = 0
    for at in np.unique(place).tolist():
        end = int(np.searchsorted(place, at, side="right"))
        if at > start:
            found.append(quotes_block(quotes[start:at]))
        found.append(trades_block(prints[first:end]))
        start, first = at, end
    return [*found, quotes_block(quotes[start:])] if start < quotes.size else found


def sim_prediction_source(settings: SimPredictionSettings, minutes: int) -> SimulatedSource:
    """The markets of `settings` for so many minutes from 2024-01-01, as a source that ends with a heartbeat."""
    span = (DEFAULT_START_NS, DEFAULT_START_NS + minutes * MINUTE)
    return SimulatedSource(PredictionSimulator(settings), span, PIECE_NS)
