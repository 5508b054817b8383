"""Sim: the trades of a simulated market, as rows, as a source, and for the collector.

The trades of a time range are a function of the settings and that range alone. So a position is a time, and a
simulator that resumes there generates the same trades.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from domain.blocks import CONTIGUOUS_IDS, TRADE, Rows, heartbeats, names_block, trades_block
from domain.clock import DAY, MILLISECOND, MINUTE
from domain.instruments import SHARDS, instrument_id, shard_of
from domain.rows import concatenated
from flows.sources.sim_market import MINUTES, SymbolMarket, generator
from flows.sources.sim_settings import EPOCH_NS, VENUE, SimSettings
from flows.sources.simulated import SimulatedSource

PIECE_MINUTES = 10
"""Trades are generated in pieces of this many minutes."""
PIECE_NS = PIECE_MINUTES * MINUTE
DEFAULT_START_NS = EPOCH_NS + 1_461 * DAY
"""2024-01-01, the default start of `sim_source`."""
WHALES = 2e-4
"""Share of trades that are very large."""
WORTH, WHALE_WORTH = (300.0, 1.3), (300_000.0, 0.8)
"""Notional of a trade in quote currency: median, and standard deviation of the logarithm."""
HALF_SPREAD = 0.05
"""Distance of a trade from the mid price, in standard deviations of a minute's return."""


class Simulator:
    """The simulated market of the settings.

    Attributes
    ----------
    names
        Shard to the names of its instruments, for every shard.
    """

    def __init__(self, settings: SimSettings) -> None:
        self.names: dict[int, list[str]] = {shard: [] for shard in range(SHARDS)}
        self._symbols: dict[int, list[_Symbol]] = {shard: [] for shard in range(SHARDS)}
        for symbol in settings.symbols:
            name = f"{VENUE}:{symbol}"
            shard = shard_of(instrument_id(name))
            self.names[shard].append(name)
            self._symbols[shard].append(_Symbol(settings, symbol))

    def rows(self, shard: int, start_ns: int, end_ns: int) -> Rows:
        """The trades of a shard in the half-open range from `start_ns` to `end_ns`, by time."""
        pieces = range(start_ns // PIECE_NS, -(-end_ns // PIECE_NS))
        parts = [symbol.piece(piece) for symbol in self._symbols[shard] for piece in pieces]
        rows = concatenated([np.empty(0, TRADE), *parts])
        rows = rows.take(np.flatnonzero((rows["ts"] >= start_ns) & (rows["ts"] < end_ns)))
        return rows.take(np.argsort(rows["ts"], kind="stable"))

    def block(self, shard: int, start_ns: int, end_ns: int) -> bytes:
        """The same as a block, ending with a heartbeat that marks it complete up to `end_ns`."""
        return trades_block(concatenated([self.rows(shard, start_ns, end_ns), heartbeats([end_ns])]))

    def opening(self, shard: int, at_ns: int) -> list[bytes]:  # noqa: ARG002  the same at all times
        """The names of the instruments of a shard, as a block if there are any."""
        names = self.names[shard]
        return [names_block(names)] if names else []

    def blocks(self, shard: int, start_ns: int, end_ns: int) -> list[bytes]:
        """`block`, for `SimulatedSource`."""
        return [self.block(shard, start_ns, end_ns)]


class _Symbol:
    """Generates the trades of one symbol, one piece of time at a time."""

    def __init__(self, settings: SimSettings, symbol: str) -> None:
        self._market = SymbolMarket(settings.seed, symbol, settings.trades_per_second, settings.edge)
        self._key = (settings.seed, symbol, "trades")
        self._instrument = instrument_id(f"{VENUE}:{symbol}")
        scale = int(np.floor(np.log10(self._market.base_price)))
        self._price_decimals, self._size_decimals = 5 - scale, max(0, 1 + scale)
        self.piece = lru_cache(maxsize=2)(self._piece)

    def _piece(self, number: int) -> Rows:
        """The trades of the piece `number` since 1970, by time."""
        start_ns = number * PIECE_NS
        day, minute = divmod((start_ns - EPOCH_NS) // MINUTE, MINUTES)
        today = self._market.day(day)
        here = slice(minute, minute + PIECE_MINUTES)
        counts = today.trades[here]
        of_minute = np.repeat(np.arange(PIECE_MINUTES), counts)
        rng = generator(*self._key, number)
        at = np.sort(of_minute + rng.random(of_minute.size))  # minutes into the piece
        at_ms = np.minimum((at * 60_000).astype(np.int64), PIECE_NS // MILLISECOND - 1)

        rows = np.zeros(of_minute.size, TRADE)
        rows["ts"] = start_ns + at_ms * MILLISECOND
        rows["instrument"] = self._instrument
        rows["id"] = today.first_id + int(today.trades[:minute].sum()) + np.arange(rows.size)
        rows["flags"] = CONTIGUOUS_IDS
        whale = rng.random(rows.size) < WHALES
        imbalance = today.imbalance[here][of_minute]
        bought = rng.random(rows.size) < 0.5 + 0.5 * np.where(whale, 0.8 * np.sign(imbalance), imbalance)
        rows["side"] = np.where(bought, 1, -1)
        sd = today.sd[here][of_minute]
        path = np.interp(at, np.arange(PIECE_MINUTES + 1), today.log_price[minute : minute + PIECE_MINUTES + 1])
        price = np.exp(path + sd * (_bridges(rng, counts) + HALF_SPREAD * rows["side"]))
        rows["price"] = np.round(price, self._price_decimals)
        median, spread = np.where(whale, np.reshape(WHALE_WORTH, (2, 1)), np.reshape(WORTH, (2, 1)))
        size = median * np.exp(spread * rng.standard_normal(rows.size)) / price
        rows["size"] = np.maximum(np.round(size, self._size_decimals), 10.0**-self._size_decimals)
        return rows


def _bridges(rng: np.random.Generator, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Concatenated Brownian bridges with the given numbers of steps, of unit variance and from 0 to 0."""
    of_walk = np.repeat(np.arange(counts.size), counts)
    ends = np.cumsum(counts)
    starts = ends - counts
    sums = np.append(0.0, np.cumsum(rng.standard_normal(of_walk.size) / np.sqrt(counts[of_walk])))
    done = (np.arange(1, of_walk.size + 1) - starts[of_walk]) / counts[of_walk]
    base, whole = sums[starts], sums[ends] - sums[starts]
    return np.asarray(sums[1:] - base[of_walk] - done * whole[of_walk])


def sim_source(settings: SimSettings, minutes: int) -> SimulatedSource:
    """The market of `settings` for a number of minutes, as a source.

    It starts at `settings.start`, by default on 2024-01-01, and ends with a heartbeat.
    """
    start_ns = settings.start_ns or DEFAULT_START_NS
    return SimulatedSource(Simulator(settings), (start_ns, start_ns + minutes * MINUTE), PIECE_NS)
