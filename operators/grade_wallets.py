"""grade_wallets: attach to each whale the track record of its wallet at that time.

    edge = sum of the edges of its resolved markets / (markets + 30)
    edge of a market = (payout of its contracts - their cost) / contracts

A wallet is graded by the prices it paid, not by how often it won, and each market counts once, however often it
was traded. Only episodes of at least `record_floor` dollars count. The record at t contains the positions and
resolutions known before t. Losing positions count like winning ones, although they are never redeemed.

Memory: beyond `positions_max` positions or `wallets_max` wallets, the least recently active wallet is evicted with
its whole record. Eviction does not depend on results, so it does not bias the records; a wallet that returns
starts with an empty record.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, stateful_batch
from numpy.typing import NDArray

from domain.rows import concatenated
from domain.wallets import UNKNOWN
from domain.whale_settings import WhaleSettings
from domain.whales import BOT, FARMER, MAKER, POSITION, RESOLVED, WHALE_ALONE, WhaleFindings
from operators.state import freeze, thaw

VERSION = 1
PRIOR_MARKETS = 30
"""Prior: number of markets with zero edge added to every wallet."""
FARMER_ENTRY, MAKER_PURITY = 0.95, 0.5
"""Directional wallets have a purity of 0.92 or more, makers one under 0.5, with few between (measured on 381,296
trades; polymarket-watchtower, 2026)."""
BOT_MARKETS = 1_000
"""Number of markets above which a wallet is considered automated (polymarket-whalewatch, 2026)."""

Stake = tuple[float, float, float, float]
"""Contracts and dollars of the first outcome, then of the second."""


class Ledger(msgspec.Struct, array_like=True):
    """Running record of a wallet.

    Attributes
    ----------
    markets, edges, squares
        Number of resolved markets, sum of their edges, and sum of the squared edges.
    contracts, paid
        Totals over all of its positions.
    net
        Sum over its markets of the absolute difference in dollars between the two sides.
    stakes
        Positions in unresolved markets, by market.
    """

    markets: int = 0
    edges: float = 0.0
    squares: float = 0.0
    contracts: float = 0.0
    paid: float = 0.0
    net: float = 0.0
    stakes: dict[int, Stake] = {}

    def add(self, market: int, answer: int, contracts: float, paid: float) -> None:
        """Add a position in the first (`answer` > 0) or second outcome of a market."""
        first, cost, second, other_cost = self.stakes.get(market, (0.0, 0.0, 0.0, 0.0))
        self.net -= abs(cost - other_cost)
        if answer > 0:
            first, cost = first + contracts, cost + paid
        else:
            second, other_cost = second + contracts, other_cost + paid
        self.stakes[market] = (first, cost, second, other_cost)
        self.net += abs(cost - other_cost)
        self.contracts += contracts
        self.paid += paid

    def settle(self, market: int, payout: float) -> None:
        """Settle its position in a market that was resolved."""
        first, cost, second, other_cost = self.stakes.pop(market)
        edge = (first * payout - cost + second * (1.0 - payout) - other_cost) / (first + second)
        self.markets += 1
        self.edges += edge
        self.squares += edge * edge

    def grade(self, row: Any) -> None:
        """Write the record into a row of WHALE."""
        n = self.markets
        row["markets"] = n
        if n:
            row["edge"] = self.edges / (n + PRIOR_MARKETS)
        if n > 1:
            variance = max(0.0, self.squares - self.edges**2 / n) / (n - 1)
            row["edge_se"] = np.sqrt(variance * n) / (n + PRIOR_MARKETS)
        row["average_entry"] = self.paid / self.contracts
        row["purity"] = min(1.0, max(0.0, self.net / self.paid))
        flags = FARMER * (row["average_entry"] > FARMER_ENTRY) | MAKER * (row["purity"] < MAKER_PURITY)
        row["flags"] = flags | BOT * (n + len(self.stakes) >= BOT_MARKETS)


_ledgers = msgspec.msgpack.Decoder(dict[int, Ledger])


class GradeWallets(StatefulBatchLogic[WhaleFindings, WhaleFindings, bytes]):
    """State machine of the `grade_wallets` step: the records of all wallets.

    Findings must arrive in the order of their watermarks; all rows of one are later than the watermark before.
    """

    def __init__(self, settings: WhaleSettings, resume: bytes | None = None) -> None:
        self._positions_max, self._wallets_max = settings.positions_max, settings.wallets_max
        self._ledgers: dict[int, Ledger] = {}
        self._holders: dict[int, dict[int, None]] = {}
        self._stakes = 0
        self._pending = np.empty(0, POSITION)
        if resume is not None:
            values = thaw(VERSION, resume)
            self._pending = values["pending"]
            self._ledgers = _ledgers.decode(values["ledgers"])
            for wallet, ledger in self._ledgers.items():
                for market in ledger.stakes:
                    self._holders.setdefault(market, {})[wallet] = None
            self._stakes = sum(len(ledger.stakes) for ledger in self._ledgers.values())

    def on_batch(self, values: list[WhaleFindings]) -> tuple[list[WhaleFindings], bool]:
        """Add the track records to the whales of each batch of findings."""
        return [self._graded(found) for found in values], False

    def on_eof(self) -> tuple[list[WhaleFindings], bool]:
        """Emit nothing: the end of the input may only be a pause."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state."""
        # Five times faster than pickling tuples.
        return freeze(VERSION, {"pending": self._pending, "ledgers": msgspec.msgpack.encode(self._ledgers)})

    def _graded(self, found: WhaleFindings) -> WhaleFindings:
        rows = found.rows.copy()
        pending = concatenated([self._pending, found.positions])
        pending = pending[np.lexsort([pending[name] for name in ("answer", "wallet", "market", "kind", "ts")])]
        applied = 0
        for row in rows:
            applied = self._apply(pending, applied, int(row["ts"]))
            if row["kind"] == WHALE_ALONE and row["wallet"] != UNKNOWN:
                ledger = self._ledgers.get(int(row["wallet"]))
                if ledger is not None:
                    ledger.grade(row)
        self._pending = pending[self._apply(pending, applied, found.watermark + 1) :]
        return replace(found, rows=rows)

    def _apply(self, pending: NDArray[Any], start: int, until: int) -> int:
        """Apply the positions and resolutions known before `until`; return the end index in `pending`."""
        end = max(start, int(np.searchsorted(pending["ts"], until)))
        for row in pending[start:end].tolist():
            self._enter(row)
        return end

    def _enter(self, row: Sequence[Any]) -> None:
        _, market, wallet, contracts, paid, payout, answer, kind, _ = row
        if kind == RESOLVED:
            for holder in self._holders.pop(market, {}):
                self._ledgers[holder].settle(market, payout)
                self._stakes -= 1
            return
        ledger = self._ledgers.pop(wallet, None) or Ledger(stakes={})
        self._ledgers[wallet] = ledger  # moved to the end: the dictionary is in order of last activity
        self._stakes += market not in ledger.stakes
        ledger.add(market, answer, contracts, paid)
        self._holders.setdefault(market, {})[wallet] = None
        while self._stakes > self._positions_max or len(self._ledgers) > self._wallets_max:
            self._evict(next(iter(self._ledgers)))

    def _evict(self, wallet: int) -> None:
        ledger = self._ledgers.pop(wallet)
        self._stakes -= len(ledger.stakes)
        for market in ledger.stakes:
            del self._holders[market][wallet]
            if not self._holders[market]:
                del self._holders[market]


@operator
def grade_wallets(step_id: str, up: KeyedStream[WhaleFindings], settings: WhaleSettings) -> KeyedStream[WhaleFindings]:
    """Add the track records of their wallets to the ordered findings of all shards."""
    return stateful_batch("records", up, lambda resume: GradeWallets(settings, resume))
