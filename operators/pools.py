"""Pools: array storage for the markets and open episodes of a shard, and for recent trade ids.

The pools grow with the number of active entries. An expired entry is reset at its next use whether or not its
slot was reused in between, so that the output does not depend on when memory is freed.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.instruments import instrument_id
from domain.markets import Market
from domain.rows import concatenated
from domain.whales import POSITION, RESOLVED
from operators.kernels.episode_gates import Rules
from operators.kernels.episodes import (
    CLOCK,
    EPISODE,
    EPISODES,
    FADED_AT,
    FREE,
    FREE_MARKETS,
    MARKET,
    MARKETS,
    NEWEST,
    NONE,
    NOW,
    OLDEST,
    OPEN,
    OVER,
    ROTATE_AT,
    STARTED_AT,
    UNSET,
    VACANT,
    chain_all,
    index_tokens,
)
from operators.kernels.seen_ids import put_ids
from operators.kernels.sketch import SIZE
from operators.kernels.slots import find_slot
from operators.kernels.whale_scan import NO_EPISODE, NO_ID_ROOM, NO_MARKET, end_market

Rows = NDArray[Any]
VOID = 0.5
"""Payout of each outcome of a market without a winner."""


class Pools:
    """State of one shard in the form that the kernels take.

    Attributes
    ----------
    clock
        See `operators.kernels.episodes`.
    arrays, table, free, seen
        See `operators.kernels.whale_scan.scan_trades`.
    """

    def __init__(self) -> None:
        self.clock = np.zeros(CLOCK, np.int64)
        self.clock[[NOW, ROTATE_AT, STARTED_AT, FADED_AT]] = UNSET
        self.clock[[FREE, OLDEST, NEWEST]] = NONE
        self.clock[MARKETS] = 1  # slot 0 holds the sketch of all markets together
        self.seen = np.zeros((2, 1_024), np.int64)
        self._fill_markets(np.zeros(1, MARKET), np.zeros((1, SIZE)), np.zeros(0, np.int64), 64)
        self._fill_episodes(np.zeros(0, EPISODE), 256)

    @property
    def arrays(self) -> tuple[Rows, ...]:
        """Markets, sketches, episodes and the heads of their hash chains."""
        return self._markets, self._sketches, self._episodes, self._heads

    def state(self) -> dict[str, Any]:
        """State as numbers and arrays, including free slots but not spare capacity."""
        count = self.clock[MARKETS]
        return {
            "clock": self.clock,
            "markets": self._markets[:count],
            "sketches": self._sketches[:count],
            "free": self.free[: self.clock[FREE_MARKETS]],
            "episodes": self._episodes[: self.clock[EPISODES]],
            "ids": self.seen.shape[1],
            "seen": self.seen[self.seen != 0],
            "split": int((self.seen[0] != 0).sum()),
        }

    def restore(self, values: dict[str, Any]) -> None:
        """Restore the state."""
        self.clock = values["clock"]
        markets, episodes = values["markets"], values["episodes"]
        self._fill_markets(markets, values["sketches"], values["free"], _room(len(markets), 64))
        self._fill_episodes(episodes, _room(len(episodes), 256))
        self.seen = np.zeros((2, values["ids"]), np.int64)
        for half, ids in zip(self.seen, np.split(values["seen"], [values["split"]]), strict=True):
            put_ids(half, ids)

    def make_room(self, why: int, rules: Rules) -> None:
        """Grow the pool for lack of which a pass stopped; `why` is its stop reason."""
        if why == NO_EPISODE:
            self._fill_episodes(self._episodes, 2 * self._episodes.size)
        elif why == NO_MARKET:
            self._vacate_quiet(rules.quiet)
            scarce = 4 * self.clock[FREE_MARKETS] < self._markets.size
            self._fill_markets(self._markets, self._sketches, self.free, self._markets.size * (2 if scarce else 1))
        elif why == NO_ID_ROOM:
            halves, self.seen = self.seen, np.zeros((2, 2 * self.seen.shape[1]), np.int64)
            for half, target in zip(halves, self.seen, strict=True):
                put_ids(target, half[half != 0])

    def learn(self, market: Market, rules: Rules, out: Rows) -> tuple[Rows, Rows | None]:
        """Apply an update of a market.

        Returns
        -------
        tuple
            Rows of FOUND for the episodes that the update ends; and a row of POSITION if it resolves the market.
        """
        ended: list[Rows] = [out[:0]]
        number, now = instrument_id(market.name), int(self.clock[NOW])
        self._vacate_due(rules.quiet)
        slot = self._slot_of(number, (market.yes.instrument, market.no.instrument), rules, out, ended)
        mine = self._markets[slot]
        mine["due_at"] = market.closes_at_ns
        known = mine["state"] == OVER and now - mine["seen_at"] <= rules.quiet
        mine["state"] = OVER if market.status == "resolved" else OPEN
        if mine["state"] == OPEN or known:
            return concatenated(ended), None
        ended.append(self._end(slot, rules, out))
        mine["seen_at"] = now
        resolution = np.zeros(1, POSITION)
        resolution["ts"], resolution["market"], resolution["kind"] = max(now, 0), number, RESOLVED
        resolution["payout"] = {market.yes.name: 1.0, market.no.name: 0.0}.get(market.winner, VOID)
        return concatenated(ended), resolution

    def _end(self, slot: int, rules: Rules, out: Rows) -> Rows:
        parts, full = [], True
        while full:
            count, full = end_market(slot, self.clock, rules, self.arrays, out)
            parts.append(out[:count].copy())
        return concatenated(parts)

    def _slot_of(self, number: int, tokens: tuple[int, int], rules: Rules, out: Rows, ended: list[Rows]) -> int:
        """Slot of a market; a new one unless both of its tokens already share one."""
        keys, places = self.table
        found = [int(places[find_slot(keys, places, token)]) for token in tokens]
        slot = found[0] >> 1
        if found[0] >= 0 and found == [2 * slot, 2 * slot + 1] and self._markets["market"][slot] == number:
            return slot
        for place in found:
            if place >= 0:
                ended.append(self._end(place >> 1, rules, out))
                self._detach(place)
        if not self.clock[FREE_MARKETS] and self.clock[MARKETS] == self._markets.size:
            self.make_room(NO_MARKET, rules)
        if self.clock[FREE_MARKETS]:
            self.clock[FREE_MARKETS] -= 1
            slot = int(self.free[self.clock[FREE_MARKETS]])
        else:
            slot = int(self.clock[MARKETS])
            self.clock[MARKETS] += 1
        self._markets[slot] = (slot, number, *tokens, self.clock[NOW], UNSET, 0, 0, 0, 0.0, OPEN, 1)
        index_tokens(*self.table, self._markets, slot, slot + 1)
        return slot

    def _detach(self, place: int) -> None:
        """Remove a token from its market because it now belongs to another; free the market if it has no token left."""
        mine = self._markets[place >> 1]
        mine["second" if place & 1 else "first"] = 0
        if not mine["first"] and not mine["second"] and mine["state"] != VACANT:
            self._vacate(place >> 1)

    def _vacate(self, slot: int) -> None:
        self._markets["state"][slot] = VACANT
        self._markets["first"][slot] = self._markets["second"][slot] = 0
        self.free[self.clock[FREE_MARKETS]] = slot
        self.clock[FREE_MARKETS] += 1

    def _vacate_quiet(self, quiet: int) -> None:
        """Free the slots of quiet tokens without a market and of quiet resolved markets, whose state would be reset."""
        count = int(self.clock[MARKETS])
        mine = self._markets[:count]
        mortal = (mine["state"] == OVER) | ((mine["state"] == OPEN) & (mine["told"] == 0))
        mortal &= mine["seen_at"] != UNSET
        for slot in np.flatnonzero(mortal & (self.clock[NOW] - mine["seen_at"] > quiet)).tolist():
            self._vacate(slot)

    def _vacate_due(self, quiet: int) -> None:
        """Free the slots of markets that are long overdue and untraded but were never reported as resolved.

        This is observable: if such a market trades again, its tokens have no market until its next update. It is
        therefore done at each market update, and not when memory is short.
        """
        mine = self._markets[: int(self.clock[MARKETS])]
        newest = np.maximum(mine["seen_at"], mine["due_at"])
        gone = (mine["state"] == OPEN) & (mine["told"] == 1) & (mine["due_at"] > 0)
        gone &= self.clock[NOW] - newest > quiet
        for slot in np.flatnonzero(gone).tolist():
            self._vacate(slot)
        if gone.any():
            self._index()

    def _fill_markets(self, markets: Rows, sketches: Rows, free: Rows, capacity: int) -> None:
        self._markets, self._sketches = _grown(markets, capacity), np.zeros((capacity, SIZE))
        self._sketches[: len(sketches)] = sketches
        self.free = _grown(free, capacity)
        self._index()

    def _index(self) -> None:
        size = 4 * self._markets.size
        self.table = (np.zeros(size, np.int64), np.full(size, NONE, np.int64))
        index_tokens(*self.table, self._markets, 0, int(self.clock[MARKETS]))

    def _fill_episodes(self, episodes: Rows, capacity: int) -> None:
        self._episodes = _grown(episodes, capacity)
        self._heads = np.full(2 * capacity, NONE, np.int64)
        chain_all(self._episodes, self._heads, self.clock)


def _grown(rows: Rows, capacity: int) -> Rows:
    """Copy the rows into an array of `capacity` rows."""
    grown = np.zeros(capacity, rows.dtype)
    grown[: len(rows)] = rows
    return grown


def _room(count: int, least: int) -> int:
    return max(least, 1 << count.bit_length())
