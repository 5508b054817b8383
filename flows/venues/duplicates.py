"""DuplicateFilter: drop trades that a feed repeats, after a reconnect or on repeated polls."""


class DuplicateFilter:
    """Remembers recent trades by their fingerprints.

    Parameters
    ----------
    at_least
        Minimum number of recent trades to remember; at most twice as many are.

    Examples
    --------
    >>> duplicates = DuplicateFilter()
    >>> [duplicates.is_new(number) for number in (-5, -7, -5)]
    [True, True, False]
    """

    def __init__(self, at_least: int = 1 << 18) -> None:
        self._at_least = at_least
        self._older: set[int] = set()
        self._newer: set[int] = set()

    def is_new(self, number: int) -> bool:
        """Whether the trade with this fingerprint was not seen before; remembers it."""
        if number in self._newer or number in self._older:
            return False
        if len(self._newer) >= self._at_least:
            self._older, self._newer = self._newer, set()
        self._newer.add(number)
        return True
