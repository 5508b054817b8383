"""Allowance: how much one client may send."""

BURST_S = 2
"""How many seconds' worth may be sent at once."""


class Allowance:
    """A token bucket, full at the start.

    Examples
    --------
    >>> allowance = Allowance(per_s=1, now_s=0)
    >>> [allowance.take(at_s) for at_s in (0, 0, 0, 1, 1)]
    [True, True, False, True, False]
    """

    __slots__ = ("_at_s", "_left", "_most", "_per_s")

    def __init__(self, per_s: float, now_s: float) -> None:
        self._per_s = per_s
        self._most = max(1.0, per_s * BURST_S)
        self._left = self._most
        self._at_s = now_s

    def take(self, now_s: float) -> bool:
        """Whether one more is allowed now; if so it is used up."""
        self._left = min(self._most, self._left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True
