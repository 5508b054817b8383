"""Token bucket: limits the rate at which one client may send."""

BURST_S = 2
"""Seconds at the permitted rate that may be used at once."""
_ONE = 1 - 1e-9
"""Tolerance for rounding: sums of many small parts fall short of one."""


class TokenBucket:
    """A token bucket, full at the start.

    Parameters
    ----------
    per_s
        Tokens added per second.
    now_s
        The time, by a monotonic clock.
    burst_s
        Capacity, in seconds at that rate; at least one token.

    Attributes
    ----------
    left
        Tokens after the last `take`.

    Examples
    --------
    >>> bucket = TokenBucket(per_s=1, now_s=0)
    >>> [bucket.take(at_s) for at_s in (0, 0, 0, 1, 1)]
    [True, True, False, True, False]
    """

    __slots__ = ("_at_s", "_capacity", "_per_s", "left")

    def __init__(self, per_s: float, now_s: float, burst_s: float = BURST_S) -> None:
        self._per_s = per_s
        self._capacity = max(1.0, per_s * burst_s)
        self.left = self._capacity
        self._at_s = now_s

    def take(self, now_s: float) -> bool:
        """Take one token; False if there is none."""
        self.left = min(self._capacity, self.left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        if self.left < _ONE:
            return False
        self.left -= 1
        return True
