"""DuplicateFilter: trades that a feed tells again, after a reconnect, or to whoever asks twice."""


class DuplicateFilter:
    """Remembers which trades were told.

    Parameters
    ----------
    at_least
        So many of the last trades are remembered, and at most twice as many.

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
        """Whether the trade of this fingerprint was not told before."""
        if number in self._newer or number in self._older:
            return False
        if len(self._newer) >= self._at_least:
            self._older, self._newer = self._newer, set()
        self._newer.add(number)
        return True
