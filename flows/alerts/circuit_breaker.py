"""Circuit breaker: stops sending to a receiver that failed several times in a row, then tries it with one delivery."""

from random import Random

FAILURE_THRESHOLD = 5
"""Failures in a row that open the circuit."""
PAUSE_S_MIN, PAUSE_S_MAX = 30.0, 600.0
"""How long the circuit stays open, doubling with each further failure."""
BACKOFF_S_MIN, BACKOFF_S_MAX = 1.0, 300.0


class CircuitBreaker:
    """The state of one receiver.

    Examples
    --------
    >>> breaker = CircuitBreaker()
    >>> for _ in range(FAILURE_THRESHOLD):
    ...     breaker.record_failure(now_s=100.0)
    >>> [breaker.allows(now_s) for now_s in (100.0, 129.0, 130.0)]
    [False, False, True]
    """

    def __init__(self) -> None:
        self._failures = 0
        self._paused_until_s = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the circuit is open, or half-open: paused, or tried with single deliveries."""
        return self._failures >= FAILURE_THRESHOLD

    def allows(self, now_s: float) -> bool:
        """Whether a request may be sent now."""
        return now_s >= self._paused_until_s

    def pause_until(self, until_s: float) -> None:
        """Send nothing before `until_s`: because of `Retry-After`, or of a rate limit; does not open the circuit."""
        self._paused_until_s = max(self._paused_until_s, until_s)

    def record_success(self) -> None:
        """Close the circuit."""
        self._failures = 0

    def record_failure(self, now_s: float) -> None:
        """Count a failure, and pause if the circuit is open."""
        self._failures += 1
        if self.is_open:
            doublings = min(self._failures - FAILURE_THRESHOLD, 10)
            self.pause_until(now_s + min(PAUSE_S_MAX, PAUSE_S_MIN * 2.0**doublings))


def backoff_s(attempt: int, random: Random) -> float:
    """Seconds until the retry after attempt number `attempt` of a delivery.

    Exponential, with jitter between half of the delay and all of it, so that deliveries that failed together are not
    retried together.
    """
    delay_s = min(BACKOFF_S_MAX, BACKOFF_S_MIN * 2.0 ** min(attempt - 1, 20))
    return delay_s * random.uniform(0.5, 1.0)
