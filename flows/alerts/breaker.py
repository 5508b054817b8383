"""Breaker: leaves a receiver alone that has failed several times running, and then tries it with one delivery."""

from random import Random

FAILURES = 5
"""Failures in a row after which it is left alone."""
PAUSE_S_FIRST, PAUSE_S_LONGEST = 30.0, 600.0
WAIT_S_FIRST, WAIT_S_LONGEST = 1.0, 300.0


class Breaker:
    """What is known of one receiver.

    Examples
    --------
    >>> breaker = Breaker()
    >>> for _ in range(FAILURES):
    ...     breaker.failed(now_s=100.0)
    >>> [breaker.lets_through(now_s) for now_s in (100.0, 129.0, 130.0)]
    [False, False, True]
    """

    def __init__(self) -> None:
        self._failures = 0
        self._until_s = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it is left alone, or only tried."""
        return self._failures >= FAILURES

    def lets_through(self, now_s: float) -> bool:
        """Whether something may be sent now."""
        return now_s >= self._until_s

    def hold(self, until_s: float) -> None:
        """Leave it alone for a while that it asked for, or that is between any two messages."""
        self._until_s = max(self._until_s, until_s)

    def succeeded(self) -> None:
        """It answered as it should."""
        self._failures = 0

    def failed(self, now_s: float) -> None:
        """It did not."""
        self._failures += 1
        if self.is_open:
            self.hold(now_s + min(PAUSE_S_LONGEST, PAUSE_S_FIRST * 2.0 ** min(self._failures - FAILURES, 10)))


def wait_s(attempt: int, random: Random) -> float:
    """How long to wait after so many attempts of one delivery: doubling, and at random between half of it and all of
    it, so that what failed together does not come back together.
    """
    most = min(WAIT_S_LONGEST, WAIT_S_FIRST * 2.0 ** min(attempt - 1, 20))
    return most * random.uniform(0.5, 1.0)
