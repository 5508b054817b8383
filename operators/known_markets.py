"""Known markets: which token is whose answer, what its taker pays, and what those that are over pay.

A market is known from when it is told of. Resolved, its first answer is worth what it pays for as long as
somebody may wait for it; then it is forgotten. One of which nobody says that it was resolved is forgotten
a month after it was due and last told of. By when is decided by the time of what is asked, not of when
memory is given back.
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
"""What each answer pays where a market has no winner."""
NEVER = (1 << 63) - 1
Rows = NDArray[Any]
_schedule = msgspec.json.Decoder(FeeSchedule)


class KnownMarkets:
    """The markets of one shard."""

    def __init__(self) -> None:
        self._answers: dict[int, tuple[int, int, int]] = {}  # token to its market's first one, +1 or -1, until when
        self._over: dict[int, tuple[int, float]] = {}  # first token to when its market was over, and what it pays
        self._fees: dict[int, FeeSchedule] = {}  # by first token
        self._swept_at = 0

    def __len__(self) -> int:
        return len(self._answers) // 2

    def state(self) -> tuple[Any, ...]:
        """Numbers and tuples."""
        fees = tuple((first, msgspec.json.encode(schedule)) for first, schedule in self._fees.items())
        return tuple(self._answers.items()), tuple(self._over.items()), fees

    def restore(self, state: tuple[Any, ...]) -> None:
        """Go on from a state."""
        self._answers, self._over = (dict(each) for each in state[:2])
        self._fees = {first: _schedule.decode(schedule) for first, schedule in state[2]}

    def learn(self, market: Market, at_ns: int) -> None:
        """A market was told of."""
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
        """What the taker pays in the market of a first answer; None if it is not known."""
        return self._fees.get(first) if at_ns <= self._answers.get(first, (0, 0, 0))[2] else None

    def paid(self, bars: Rows) -> Rows:
        """The bars; those that begin once their market is over hold what it pays, and nobody trades at that."""
        if not self._over:
            return bars
        paid = bars.copy()
        for row in np.flatnonzero(np.isin(bars["instrument"], list(self._over))).tolist():
            at_ns, payout = self._over[int(bars["instrument"][row])]
            if 0 <= bars["open_time"][row] - at_ns <= OVER_NS:
                for name in ("open", "high", "low", "close"):
                    paid[name][row] = payout
                paid["flags"][row] |= SYNTHETIC | PAYOUT
        return paid

    def of_first(self, rows: Rows) -> Rows:
        """Rows of EVIDENCE, told of first answers; of a token without a market as they are."""
        told = rows.copy()
        for row in told:
            first, sign, until = self._answers.get(int(row["instrument"]), (0, 0, 0))
            if row["ts"] <= until:
                row["instrument"], row["direction"] = first, sign * row["direction"]
        return told

    def forget(self, now_ns: int) -> None:
        """Give back the memory of what is not known any more; it is looked for once an hour."""
        if now_ns - self._swept_at < HOUR:
            return
        self._swept_at = now_ns
        self._answers = {token: known for token, known in self._answers.items() if now_ns <= known[2]}
        self._fees = {first: schedule for first, schedule in self._fees.items() if first in self._answers}
        self._over = {first: over for first, over in self._over.items() if now_ns - over[0] <= OVER_NS}
