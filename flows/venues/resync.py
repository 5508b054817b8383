"""Resync: which books a collector has to ask for anew, and the words in which it does.

A book that was dropped, or whose grid changed, is unusable until its next snapshot, and so is one that was
never told whole; venues send snapshots when they are asked. What only the engine sees, such as a best price that
differs from the venue's, is mended by asking for every book now and then.
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
"""An answer may be lost; Polymarket's takes a fraction of a second (2026-09)."""
REFRESH_S = 900.0
AT_ONCE = 500
"""Books in one answer of Polymarket (2026-09)."""


class Resync(NamedTuple):
    """Books of one venue that are wanted anew; names of their tokens."""

    venue: str
    tokens: tuple[str, ...]


class Resyncs:
    """Remembers which books are good.

    Parameters
    ----------
    retry_s
        After so long without a snapshot it is asked for again.
    refresh_s
        A good book is asked for anew after so long.
    """

    def __init__(self, *, retry_s: float = RETRY_S, refresh_s: float = REFRESH_S) -> None:
        self._retry_ns, self._refresh_ns = int(retry_s * SECOND), int(refresh_s * SECOND)
        self._names: dict[int, str] = {}
        self._due_at: dict[int, int] = {}

    def learn(self, tokens: Iterable[Token], *, moved: bool = False) -> None:
        """Tokens whose books are wanted; those that `moved` go to a shard that has none of them yet."""
        names = {token.instrument: token.name for token in tokens}
        self._names |= names
        if moved:
            self._due_at |= dict.fromkeys(names, 0)

    def note(self, rows: NDArray[Any]) -> None:
        """Look at rows of QUOTE in their order."""
        instruments, first = np.unique(rows["instrument"], return_index=True)
        unknown = [at for number, at in zip(instruments.tolist(), first.tolist(), strict=True) if self._is_new(number)]
        telling = np.isin(rows["kind"], (DROP, TICK, READY))
        telling[unknown] = True
        for row in rows[telling]:
            number, good = int(row["instrument"]), row["kind"] == READY
            if number in self._names:
                self._due_at[number] = int(row["received_at"]) + (self._refresh_ns if good else 0)

    def forget(self, tokens: Iterable[Token]) -> None:
        """Never ask for these again: their markets are over."""
        for token in tokens:
            self._names.pop(token.instrument, None)
            self._due_at.pop(token.instrument, None)

    def due(self, now_ns: int) -> list[Resync]:
        """What is to be asked for at `now_ns`, venue by venue; each book again after the time to retry."""
        wanted: dict[str, list[str]] = {}
        for number, due_at in self._due_at.items():
            if due_at <= now_ns:
                self._due_at[number] = now_ns + self._retry_ns
                wanted.setdefault(venue_of(self._names[number]), []).append(self._names[number])
        return [Resync(venue, tuple(sorted(tokens))) for venue, tokens in sorted(wanted.items())]

    def _is_new(self, number: int) -> bool:
        return number not in self._due_at


def polymarket_bodies(resync: Resync) -> list[bytes]:
    """What to POST to `/books`, an answer after the other.

    Examples
    --------
    >>> polymarket_bodies(Resync("polymarket", ("polymarket:11",)))
    [b'[{"token_id":"11"}]']
    """
    asked = [{"token_id": symbol_of(token)} for token in resync.tokens]
    return [msgspec.json.encode(asked[at : at + AT_ONCE]) for at in range(0, len(asked), AT_ONCE)]


def kalshi_command(resync: Resync, *, subscription: int, number: int) -> bytes:
    """What to send over the WebSocket: snapshots of markets of one subscription.

    Parameters
    ----------
    subscription
        Its `sid`.
    number
        Of the command, by which its answer is known.

    Examples
    --------
    >>> kalshi_command(Resync("kalshi", ("kalshi:RAIN:no", "kalshi:RAIN:yes")), subscription=2, number=7)
    b'{"id":7,"cmd":"update_subscription","params":{"sids":[2],"market_tickers":["RAIN"],"action":"get_snapshot"}}'
    """
    tickers = list(dict.fromkeys(symbol_of(token).rpartition(":")[0] for token in resync.tokens))
    params = {"sids": [subscription], "market_tickers": tickers, "action": "get_snapshot"}
    return msgspec.json.encode({"id": number, "cmd": "update_subscription", "params": params})
