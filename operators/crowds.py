"""Crowds: the large wallets that recently entered a market, and whether they agree.

A wallet counts once, on the side it took within the window, however often it traded; a wallet that took both
sides counts on neither. Selling the first outcome and buying the second are the same side. Common ownership of
wallets is not observable, so distinct wallets are treated as independent, and unknown wallets are not counted.

A consensus requires a minimum number of wallets on one side, a minimum posterior probability that more than
half of such wallets take that side, and a number of arrivals that is improbable under the market's own arrival
rate. That rate is estimated from the large wallets that have left the window, with the configured rate as a
prior worth one wallet. A disagreement requires an equally improbable number of arrivals on both sides together,
and no side that reaches the posterior. Each is reported when it forms and whenever it has grown by the
escalation factor; after it has dissolved it can form again.
"""

import math
from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

from domain.clock import HOUR
from domain.statistics import beta
from domain.whale_settings import WhaleSettings
from domain.whales import CONSENSUS, DISAGREEMENT

WINDOW_MAX = 1_024
"""Greatest number of arrivals stored per market; the newest are kept."""

Arrival = tuple[int, int, int, float]
"""(time in ns, wallet, side +1 or -1, dollars)."""
Reported = tuple[int, int, int]
"""(formed at in ns, wallets at the last report, number of reports)."""


class Agreement(NamedTuple):
    """A consensus or disagreement in a market that has formed or grown.

    Attributes
    ----------
    kind
        CONSENSUS or DISAGREEMENT.
    direction
        +1 or -1; 0 for a disagreement.
    wallets, against
        Wallets on this side and on the other; for a disagreement, on both sides and on the smaller one.
    posterior
        P(more than half of such wallets take the leading side).
    chance
        P(at least as many wallets arrive within the window) under the arrival rate.
    notional
        Lower bound of the dollars of those wallets: what they had traded when they became large.
    opened_at, first_at
        Time at which it formed, and arrival of the first of those wallets; ns.
    revision
        Number of earlier reports.
    """

    kind: int
    direction: int
    wallets: int
    against: int
    posterior: float
    chance: float
    notional: float
    opened_at: int
    first_at: int
    revision: int


class Crowd:
    """State of one market: arrivals within the window, the decayed count before it, and the last reports."""

    def __init__(self, began_at: int) -> None:
        self.began_at = began_at
        self.arrivals: deque[Arrival] = deque(maxlen=WINDOW_MAX)
        self.past, self.past_at = 0.0, began_at
        self.reported: dict[tuple[int, int], Reported] = {}

    def state(self) -> tuple[Any, ...]:
        """State as numbers and tuples."""
        return self.began_at, tuple(self.arrivals), self.past, self.past_at, tuple(self.reported.items())

    @classmethod
    def of(cls, state: tuple[Any, ...]) -> "Crowd":
        """Restore a crowd from its state."""
        crowd = cls(state[0])
        crowd.arrivals.extend(state[1])
        crowd.past, crowd.past_at, crowd.reported = state[2], state[3], dict(state[4])
        return crowd

    @property
    def newest_at(self) -> int:
        """Time of the newest arrival, ns."""
        return self.arrivals[-1][0] if self.arrivals else self.began_at


class Crowds:
    """The crowds of all markets of a shard."""

    def __init__(self, settings: WhaleSettings) -> None:
        self._settings = settings
        self._window = int(settings.consensus_h * HOUR)
        self._half_life = settings.half_life_h * HOUR
        self._quiet = int(settings.quiet_d * 24 * HOUR)
        self._crowds: dict[int, Crowd] = {}
        self._crowds_max = 64

    def state(self) -> tuple[Any, ...]:
        """State as numbers and tuples."""
        return tuple((market, crowd.state()) for market, crowd in self._crowds.items())

    def restore(self, state: tuple[Any, ...]) -> None:
        """Restore the state."""
        self._crowds = {market: Crowd.of(each) for market, each in state}

    def forget(self, market: int) -> None:
        """Drop a market that has been resolved."""
        self._crowds.pop(market, None)

    def arrive(self, market: int, at_ns: int, wallet: int, direction: int, notional: float) -> list[Agreement]:
        """Add a wallet that has become large in a market; return the agreements to report."""
        crowd = self._crowds.get(market)
        if crowd is None or at_ns - crowd.newest_at > self._quiet:
            self._make_room(at_ns)
            crowd = self._crowds[market] = Crowd(at_ns)
        self._expire(crowd, at_ns)
        crowd.arrivals.append((at_ns, wallet, direction, notional))
        return self._agreements(crowd, at_ns)

    def _expire(self, crowd: Crowd, now: int) -> None:
        """Move arrivals that have left the window into the rate, unless the same wallet has arrived again."""
        while crowd.arrivals and now - crowd.arrivals[0][0] > self._window:
            at_ns, wallet, _, _ = crowd.arrivals.popleft()
            left_at = at_ns + self._window
            if not any(each[1] == wallet and each[0] <= left_at for each in crowd.arrivals):
                crowd.past = crowd.past * self._decay(left_at - crowd.past_at) + 1.0
                crowd.past_at = left_at

    def _agreements(self, crowd: Crowd, now: int) -> list[Agreement]:
        sides = {1: _wallets(crowd.arrivals, 1), -1: _wallets(crowd.arrivals, -1)}
        both = sides[1] & sides[-1]
        ahead, behind = len(sides[1] - both), len(sides[-1] - both)
        leading = 1
        if behind > ahead:
            ahead, behind, leading = behind, ahead, -1
        posterior = 1.0 - beta.cdf(0.5, ahead + 1, behind + 1)
        expected = self._rate(crowd, now) * self._settings.consensus_h
        clear = posterior >= self._settings.consensus_posterior
        least = self._settings.consensus_wallets
        found = {}
        if ahead >= least and clear:
            found[CONSENSUS, leading] = (ahead, behind)
        if not clear and ahead + behind >= least and behind >= max(2, least // 2):
            found[DISAGREEMENT, 0] = (ahead + behind, behind)
        agreements = []
        for (kind, direction), (wallets, against) in found.items():
            chance = poisson_tail(wallets, expected)
            if chance > self._settings.consensus_chance:
                continue
            opened_at, last_wallets, revision = crowd.reported.get((kind, direction), (now, 0, 0))
            if wallets < self._settings.escalation * last_wallets:
                continue
            crowd.reported[kind, direction] = (opened_at, wallets, revision + 1)
            members = (sides[1] | sides[-1] if direction == 0 else sides[direction]) - both
            arrivals = [each for each in crowd.arrivals if each[1] in members]
            agreements.append(
                Agreement(
                    kind, direction, wallets, against, posterior, chance,
                    sum(each[3] for each in arrivals), opened_at, arrivals[0][0], revision,
                )
            )  # fmt: skip
        crowd.reported = {key: each for key, each in crowd.reported.items() if key in found}
        return agreements

    def _rate(self, crowd: Crowd, now: int) -> float:
        """Arrival rate of large wallets per hour, estimated from the time before the window."""
        watched = max(0, now - self._window - crowd.began_at)
        life = self._half_life / math.log(2.0)
        hours = life * -math.expm1(-watched / life) / HOUR
        seen = crowd.past * self._decay(now - crowd.past_at)
        return (seen + 1.0) / (hours + 1.0 / self._settings.rate_per_h)

    def _decay(self, elapsed: int) -> float:
        return float(2.0 ** -(max(0, elapsed) / self._half_life))

    def _make_room(self, now: int) -> None:
        """Evict quiet markets, whose state would be reset at the next arrival; bounds the number of markets."""
        if len(self._crowds) < self._crowds_max:
            return
        alive = {key: crowd for key, crowd in self._crowds.items() if now - crowd.newest_at <= self._quiet}
        self._crowds, self._crowds_max = alive, max(64, 2 * len(alive))


def poisson_tail(least: int, expected: float) -> float:
    """P(N >= least) of a Poisson variable N with mean `expected`.

    Examples
    --------
    >>> round(poisson_tail(4, 0.1), 9)
    3.847e-06
    """
    if expected <= 0.0:
        return 0.0 if least > 0 else 1.0
    term = math.exp(least * math.log(expected) - expected - math.lgamma(least + 1))
    total, step = 0.0, least
    # The terms decrease from the first on, unless `expected` exceeds `least`; then they increase first.
    while term > total * 1e-17 or step < expected:
        total += term
        step += 1
        term *= expected / step
    return min(1.0, total)


def _wallets(arrivals: Iterable[Arrival], direction: int) -> set[int]:
    return {wallet for _, wallet, side, _ in arrivals if side == direction}
