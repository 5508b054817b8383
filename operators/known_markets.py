"""Known markets: the tokens, taker fees and payouts of the prediction markets of a shard.

A market is known from its first update. After its resolution its first outcome is worth its payout for as long
as a candidate may still be open, and is then evicted. A market that is never reported as resolved is evicted a
month after its due date and its last update. Validity is decided by the event time of the query, not by when
memory is freed, so that eviction cannot change a result.
"""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.clock import DAY, HOUR
from domain.markets import FeeSchedule, Market
from domain.slices import PAYOUT, SYNTHETIC

OVER_NS, DUE_NS = 2 * DAY, 30 * DAY
VOID = 0.5
"""Payout of each outcome of a market without a winner."""
NEVER = (1 << 63) - 1
Rows = NDArray[Any]
_schedule = msgspec.json.Decoder(FeeSchedule)


class KnownMarkets:
    """The markets of one shard."""

    def __init__(self) -> None:
        self._answers: dict[int, tuple[int, int, int]] = {}  # token: (first token of its market, sign, valid until)
        self._over: dict[int, tuple[int, float]] = {}  # first token: (resolved at, payout)
        self._fees: dict[int, FeeSchedule] = {}  # by first token
        self._swept_at = 0

    def __len__(self) -> int:
        return len(self._answers) // 2

    def state(self) -> tuple[Any, ...]:
        """State as numbers and tuples."""
        fees = tuple((first, msgspec.json.encode(schedule)) for first, schedule in self._fees.items())
        return tuple(self._answers.items()), tuple(self._over.items()), fees

    def restore(self, state: tuple[Any, ...]) -> None:
        """Restore the state."""
        self._answers, self._over = (dict(each) for each in state[:2])
        self._fees = {first: _schedule.decode(schedule) for first, schedule in state[2]}

    def update(self, market: Market, at_ns: int) -> None:
        """Apply an update of a market at `at_ns`."""
        first, until = market.yes.instrument, NEVER
        if market.status == "resolved":
            pays = {market.yes.name: 1.0, market.no.name: 0.0}.get(market.winner, VOID)
            until = self._over.setdefault(first, (at_ns, pays))[0] + OVER_NS
        else:
            self._over.pop(first, None)
            if market.closes_at_ns:
                until = max(at_ns, market.closes_at_ns) + DUE_NS
        self._answers[first], self._answers[market.no.instrument] = (first, 1, until), (first, -1, until)
        self._fees[first] = market.fees

    def fees(self, first: int, at_ns: int) -> FeeSchedule | None:
        """Fee schedule of the market of a first outcome; None if it is not known at `at_ns`."""
        return self._fees.get(first) if at_ns <= self._answers.get(first, (0, 0, 0))[2] else None

    def with_payouts(self, bars: Rows) -> Rows:
        """Return the bars; those that open after a resolution hold the payout and are marked as synthetic."""
        if not self._over:
            return bars
        out = bars.copy()
        for row in np.flatnonzero(np.isin(bars["instrument"], list(self._over))).tolist():
            at_ns, payout = self._over[int(bars["instrument"][row])]
            if 0 <= bars["open_time"][row] - at_ns <= OVER_NS:
                for name in ("open", "high", "low", "close"):
                    out[name][row] = payout
                out["flags"][row] |= SYNTHETIC | PAYOUT
        return out

    def as_first_outcome(self, rows: Rows) -> Rows:
        """Express rows of EVIDENCE in first outcomes; rows of a token without a market stay as they are."""
        out = rows.copy()
        for row in out:
            first, sign, until = self._answers.get(int(row["instrument"]), (0, 0, 0))
            if row["ts"] <= until:
                row["instrument"], row["direction"] = first, sign * row["direction"]
        return out

    def evict(self, now_ns: int) -> None:
        """Free the memory of markets that are no longer valid; at most once an hour."""
        if now_ns - self._swept_at < HOUR:
            return
        self._swept_at = now_ns
        self._answers = {token: known for token, known in self._answers.items() if now_ns <= known[2]}
        self._fees = {first: schedule for first, schedule in self._fees.items() if first in self._answers}
        self._over = {first: over for first, over in self._over.items() if now_ns - over[0] <= OVER_NS}
