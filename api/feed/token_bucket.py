"""TokenBucket: how much one client may send."""

BURST_S = 2
"""How many seconds' worth may be sent at once."""
_ONE = 1 - 1e-9
"""Sums of many small parts fall short by their rounding."""


class TokenBucket:
    """A token bucket, full at the start.

    Examples
    --------
    >>> allowance = TokenBucket(per_s=1, now_s=0)
    >>> [allowance.take(at_s) for at_s in (0, 0, 0, 1, 1)]
    [True, True, False, True, False]
    """

    __slots__ = ("_at_s", "_most", "_per_s", "left")

    def __init__(self, per_s: float, now_s: float, burst_s: float = BURST_S) -> None:
        self._per_s = per_s
        self._most = max(1.0, per_s * burst_s)
        self.left = self._most
        self._at_s = now_s

    def take(self, now_s: float) -> bool:
        """Whether one more is allowed now; if so it is used up."""
        self.left = min(self._most, self.left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        if self.left < _ONE:
            return False
        self.left -= 1
        return True
