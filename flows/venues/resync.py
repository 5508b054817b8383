"""Resync: which order books need a new snapshot, and the requests for them.

A book that was dropped, or whose tick size changed, is invalid until its next snapshot, and so is one without a
snapshot yet; venues send snapshots on request. Errors that only the engine detects, such as a best price that
differs from the venue's, are corrected by requesting every book periodically.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.clock import SECOND
from domain.instruments import symbol_of, venue_of
from domain.markets import Token
from domain.quotes import DROP, READY, TICK

RETRY_S = 10.0
"""A response may be lost; Polymarket's takes a fraction of a second (2026-09)."""
REFRESH_S = 900.0
AT_ONCE = 500
"""Largest number of books in one response of Polymarket (2026-09)."""


class Resync(NamedTuple):
    """Books of one venue that need a snapshot, by the names of their tokens."""

    venue: str
    tokens: tuple[str, ...]


class Resyncs:
    """Tracks which books are valid.

    Parameters
    ----------
    retry_s
        Seconds without a snapshot after which it is requested again.
    refresh_s
        Seconds after which a valid book is requested again.
    """

    def __init__(self, *, retry_s: float = RETRY_S, refresh_s: float = REFRESH_S) -> None:
        self._retry_ns, self._refresh_ns = int(retry_s * SECOND), int(refresh_s * SECOND)
        self._names: dict[int, str] = {}
        self._due_at: dict[int, int] = {}

    def track(self, tokens: Iterable[Token], *, moved: bool = False) -> None:
        """Track the books of these tokens; those that `moved` are in a shard that has no book of them yet."""
        names = {token.instrument: token.name for token in tokens}
        self._names |= names
        if moved:
            self._due_at |= dict.fromkeys(names, 0)

    def update(self, rows: NDArray[Any]) -> None:
        """Update the state of the books from rows of QUOTE, in order."""
        instruments, first = np.unique(rows["instrument"], return_index=True)
        unknown = [at for number, at in zip(instruments.tolist(), first.tolist(), strict=True) if self._is_new(number)]
        relevant = np.isin(rows["kind"], (DROP, TICK, READY))
        relevant[unknown] = True
        for row in rows[relevant]:
            number, good = int(row["instrument"]), row["kind"] == READY
            if number in self._names:
                self._due_at[number] = int(row["received_at"]) + (self._refresh_ns if good else 0)

    def untrack(self, tokens: Iterable[Token]) -> None:
        """Stop tracking these tokens, whose markets are resolved."""
        for token in tokens:
            self._names.pop(token.instrument, None)
            self._due_at.pop(token.instrument, None)

    def due(self, now_ns: int) -> list[Resync]:
        """The requests to send at `now_ns`, per venue; each book is due again after the retry time."""
        by_venue: dict[str, list[str]] = {}
        for number, due_at in self._due_at.items():
            if due_at <= now_ns:
                self._due_at[number] = now_ns + self._retry_ns
                by_venue.setdefault(venue_of(self._names[number]), []).append(self._names[number])
        return [Resync(venue, tuple(sorted(tokens))) for venue, tokens in sorted(by_venue.items())]

    def _is_new(self, number: int) -> bool:
        return number not in self._due_at


def polymarket_bodies(resync: Resync) -> list[bytes]:
    """The bodies to POST to `/books`, one request after the other.

    Examples
    --------
    >>> polymarket_bodies(Resync("polymarket", ("polymarket:11",)))
    [b'[{"token_id":"11"}]']
    """
    tokens = [{"token_id": symbol_of(token)} for token in resync.tokens]
    return [msgspec.json.encode(tokens[at : at + AT_ONCE]) for at in range(0, len(tokens), AT_ONCE)]


def kalshi_command(resync: Resync, *, subscription: int, number: int) -> bytes:
    """The WebSocket command that requests snapshots for markets of one subscription.

    Parameters
    ----------
    subscription
        Its `sid`.
    number
        Id of the command, which its response repeats.

    Examples
    --------
    >>> kalshi_command(Resync("kalshi", ("kalshi:RAIN:no", "kalshi:RAIN:yes")), subscription=2, number=7)
    b'{"id":7,"cmd":"update_subscription","params":{"sids":[2],"market_tickers":["RAIN"],"action":"get_snapshot"}}'
    """
    tickers = list(dict.fromkeys(symbol_of(token).rpartition(":")[0] for token in resync.tokens))
    params = {"sids": [subscription], "market_tickers": tickers, "action": "get_snapshot"}
    return msgspec.json.encode({"id": number, "cmd": "update_subscription", "params": params})
