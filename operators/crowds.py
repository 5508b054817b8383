"""Crowds: large wallets that came to a market lately, and whether they agree.

A wallet counts on the side it took within the window, once, however often it traded; one that took
both sides counts on neither. Sides are those of the market: who sells the first answer is with those
who buy the second. Nothing is known of whose wallets belong together, so wallets are taken to be
independent if they are distinct, and those unknown do not count.

A consensus needs enough wallets on one side, a posterior that more than half take it, and a number
that is improbable by the market's own rate: those of its large wallets that have left the window, with
the given rate as one wallet that was seen before. A disagreement needs as improbable a number on
both sides together, and no side that has the posterior. Each is told when it forms and when it has
grown by the escalation; it can form anew once it has dissolved.
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
"""So many arrivals are kept in a window, the newest."""

Arrival = tuple[int, int, int, float]
"""When (ns), which wallet, +1 or -1, dollars."""
Told = tuple[int, int, int]
"""When it formed, how many wallets it had when last told, how often it was told."""


class Agreement(NamedTuple):
    """A consensus or disagreement of a market, when it forms or has grown.

    Attributes
    ----------
    kind
        CONSENSUS or DISAGREEMENT.
    direction
        +1 or -1; 0 of a disagreement.
    wallets, against
        On this side and the other; of a disagreement, on either and on the smaller.
    posterior
        P(more than half of such wallets take the side that more did).
    chance
        P(as many wallets come within the window), by the rate.
    notional
        Dollars of those wallets, at least: what they had traded when they became large.
    opened_at, first_at
        When it formed, and when the first of those wallets came; ns.
    revision
        How often it was told before.
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
    """Of one market: who came within the window, how many before, and what was told."""

    def __init__(self, began_at: int) -> None:
        self.began_at = began_at
        self.arrivals: deque[Arrival] = deque(maxlen=WINDOW_MAX)
        self.past, self.past_at = 0.0, began_at
        self.told: dict[tuple[int, int], Told] = {}

    def state(self) -> tuple[Any, ...]:
        """Numbers and tuples."""
        return self.began_at, tuple(self.arrivals), self.past, self.past_at, tuple(self.told.items())

    @classmethod
    def of(cls, state: tuple[Any, ...]) -> "Crowd":
        """Made of its state."""
        crowd = cls(state[0])
        crowd.arrivals.extend(state[1])
        crowd.past, crowd.past_at, crowd.told = state[2], state[3], dict(state[4])
        return crowd

    @property
    def newest_at(self) -> int:
        """When somebody came last."""
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
        """Numbers and tuples."""
        return tuple((market, crowd.state()) for market, crowd in self._crowds.items())

    def restore(self, state: tuple[Any, ...]) -> None:
        """Go on from a state."""
        self._crowds = {market: Crowd.of(each) for market, each in state}

    def forget(self, market: int) -> None:
        """A market is over."""
        self._crowds.pop(market, None)

    def arrive(self, market: int, at_ns: int, wallet: int, direction: int, notional: float) -> list[Agreement]:
        """A wallet has become large in a market; what is to be told of it."""
        crowd = self._crowds.get(market)
        if crowd is None or at_ns - crowd.newest_at > self._quiet:
            self._make_room(at_ns)
            crowd = self._crowds[market] = Crowd(at_ns)
        self._leave(crowd, at_ns)
        crowd.arrivals.append((at_ns, wallet, direction, notional))
        return self._agreements(crowd, at_ns)

    def _leave(self, crowd: Crowd, now: int) -> None:
        """Whose time in the window is up belongs to the rate, unless the same wallet came again."""
        while crowd.arrivals and now - crowd.arrivals[0][0] > self._window:
            at_ns, wallet, _, _ = crowd.arrivals.popleft()
            left_at = at_ns + self._window
            if not any(each[1] == wallet and each[0] <= left_at for each in crowd.arrivals):
                crowd.past = crowd.past * self._kept(left_at - crowd.past_at) + 1.0
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
        made = []
        for (kind, direction), (wallets, against) in found.items():
            chance = poisson_tail(wallets, expected)
            if chance > self._settings.consensus_chance:
                continue
            opened_at, told, revision = crowd.told.get((kind, direction), (now, 0, 0))
            if wallets < self._settings.escalation * told:
                continue
            crowd.told[kind, direction] = (opened_at, wallets, revision + 1)
            theirs = (sides[1] | sides[-1] if direction == 0 else sides[direction]) - both
            came = [each for each in crowd.arrivals if each[1] in theirs]
            made.append(
                Agreement(
                    kind, direction, wallets, against, posterior, chance,
                    sum(each[3] for each in came), opened_at, came[0][0], revision,
                )
            )  # fmt: skip
        crowd.told = {key: told for key, told in crowd.told.items() if key in found}
        return made

    def _rate(self, crowd: Crowd, now: int) -> float:
        """Large wallets an hour that came to the market before the window."""
        watched = max(0, now - self._window - crowd.began_at)
        life = self._half_life / math.log(2.0)
        hours = life * -math.expm1(-watched / life) / HOUR
        seen = crowd.past * self._kept(now - crowd.past_at)
        return (seen + 1.0) / (hours + 1.0 / self._settings.rate_per_h)

    def _kept(self, elapsed: int) -> float:
        return float(2.0 ** -(max(0, elapsed) / self._half_life))

    def _make_room(self, now: int) -> None:
        """Forget crowds that begin anew anyhow; there are no more markets than had a large wallet since."""
        if len(self._crowds) < self._crowds_max:
            return
        alive = {key: crowd for key, crowd in self._crowds.items() if now - crowd.newest_at <= self._quiet}
        self._crowds, self._crowds_max = alive, max(64, 2 * len(alive))


def poisson_tail(least: int, expected: float) -> float:
    """P(at least `least`) where `expected` are expected.

    Examples
    --------
    >>> round(poisson_tail(4, 0.1), 9)
    3.847e-06
    """
    if expected <= 0.0:
        return 0.0 if least > 0 else 1.0
    term = math.exp(least * math.log(expected) - expected - math.lgamma(least + 1))
    total, step = 0.0, least
    # Terms fall from the first on unless more are expected than asked for; then they first rise.
    while term > total * 1e-17 or step < expected:
        total += term
        step += 1
        term *= expected / step
    return min(1.0, total)


def _wallets(arrivals: Iterable[Arrival], direction: int) -> set[int]:
    return {wallet for _, wallet, side, _ in arrivals if side == direction}
