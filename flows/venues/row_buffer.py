"""RowBuffer: what the messages of prediction markets say, as rows of quotes and trades in their order.

Decoders fill it, message by message; whoever reads a file or a socket empties it. What a message
says of the markets themselves (`MarketChange`) stands among the rows, at the place where it was said.
"""

from collections import Counter
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np

from domain.blocks import KIND_TRADE, NO_ID, TRADE, Rows
from domain.clock import SECOND
from domain.ids import trade_fingerprint
from domain.markets import Group, Market
from domain.quotes import MESSAGE_END, NO_SEQ, QUOTE
from domain.slices import Reject
from domain.wallets import UNKNOWN, wallet_id
from flows.sources.inputs import RAW_BYTES
from flows.venues.duplicates import DuplicateFilter
from flows.venues.fields import EARLIEST_NS, LATEST_NS, UnusableError, number_of

AHEAD_NS = 5 * SECOND
"""A row stamped so much later than it was received would carry the time of its shard away."""
REPEATED = "trade told before"
TYPES_COUNTED = 64
"""Types of messages that are counted by name; strangers must not fill the memory with names."""


Status = Literal["open", "paused", "disputed", "closed", "resolved"]
"""Of a market (`domain.markets.Market`)."""


class MarketChange(NamedTuple):
    """A market is new, or its state is.

    Attributes
    ----------
    market
        Name of the market.
    status, winner
        As in `domain.markets.Market`.
    opened
        The market itself if it is new; its `group` names the event that it was added to.
    """

    market: str
    status: Status
    winner: str = ""
    opened: Market | None = None


Kind = Literal["quotes", "trades", "change", "group"]
Run = tuple[Kind, Any]
"""Rows of `QUOTE` or of `TRADE`, a `MarketChange`, or a `Group`."""
Json = bytes | msgspec.Raw


class RowBuffer:
    """Rows in the order in which messages told them.

    Parameters
    ----------
    source
        What the rejects name as their origin.
    with_wallets
        Instruments whose trades come from a feed that names wallets; the same trades from feeds that
        do not are then left out.
    duplicates
        Remembers trades over several buffers, so that those told again are left out.

    Attributes
    ----------
    ignored
        Messages that were not taken, by type.
    raw
        The object that is being read: the message, or one of those in it.
    names, addresses
        Of the instruments and wallets in the rows, by their numbers.
    """

    def __init__(
        self, source: str, *, with_wallets: frozenset[int] = frozenset(), duplicates: DuplicateFilter | None = None
    ) -> None:
        self.ignored: Counter[str] = Counter()
        self.names: dict[int, str] = {}
        self.addresses: dict[int, str] = {}
        self.rejects: list[Reject] = []
        self.received_ns = 0
        self._source = source
        self._with_wallets = with_wallets
        self._duplicates = duplicates
        self._position = 0
        self.raw: Json = b""
        self._runs: list[tuple[Kind, list[Any]]] = []

    def begin(self, position: int, received_ns: int, raw: bytes) -> None:
        """The next message.

        Parameters
        ----------
        position
            Its line or number, from 1, for rejects.
        received_ns
            When it was received; 0 if unknown.
        raw
            As it came.
        """
        self._position, self.received_ns, self.raw = position, received_ns, raw

    def end(self) -> None:
        """The message is over: whoever keeps its books may look at them."""
        if self._runs and self._runs[-1][0] == "quotes":
            rows = self._runs[-1][1]
            *row, flags, spare = rows[-1]
            rows[-1] = (*row, flags | MESSAGE_END, spare)

    def ignore(self, kind: str) -> None:
        """Count a message that says nothing to us."""
        kind = kind[:40]
        self.ignored[kind if kind in self.ignored or len(self.ignored) < TYPES_COUNTED else "other types"] += 1

    def reject(self, reason: str, raw: Json | None = None) -> None:
        """Keep what cannot be used: `raw`, or else the object that is being read."""
        kept = bytes(memoryview(self.raw if raw is None else raw)[:RAW_BYTES])
        self.rejects.append(Reject(self._source, self._position, reason, kept, self.received_ns))

    def stamp(self, at_ns: int) -> int:
        """The event time `at_ns`, or the receive time where the message has none.

        Raises
        ------
        UnusableError
            If it cannot be right.
        """
        at_ns = at_ns or self.received_ns
        if at_ns < EARLIEST_NS:
            raise UnusableError("time is missing or before 1971")
        if at_ns > LATEST_NS or (self.received_ns and at_ns > self.received_ns + AHEAD_NS):
            raise UnusableError("timestamp is more than 5 s ahead of its receive time")
        return at_ns

    def instrument(self, name: str) -> int:
        """The number of an instrument, whose name is remembered.

        Raises
        ------
        UnusableError
            If the name is malformed.
        """
        number = number_of(name)
        self.names[number] = name
        return number

    def quote(
        self, ts: int, instrument: int, kind: int, *, side: int = 0, price: int = 0, size: int = 0, seq: int = NO_SEQ
    ) -> None:
        """A row of `QUOTE`."""
        received = self.received_ns or ts
        self._rows("quotes").append((ts, received, instrument, price, size, seq, side, kind, 0, 0))

    def trade(
        self,
        ts: int,
        instrument: int,
        *,
        price: Decimal,
        size: Decimal,
        side: int,
        identity: tuple[str, ...] = (),
        wallet: str = "",
    ) -> None:
        """A row of `TRADE`.

        Parameters
        ----------
        identity
            What tells the trade from others of the same price and size; none if nothing does.
        wallet
            Address of the taker; empty if unknown.

        Raises
        ------
        UnusableError
            If the price or the size cannot be right.
        """
        price_usd, contracts = float(price), float(size)
        if not 0.0 < price_usd < 1.0:
            raise UnusableError("price is not between 0 and 1")
        if not 0.0 < contracts < float("inf"):
            raise UnusableError("size is not a positive number")
        if not wallet and instrument in self._with_wallets:
            self.ignore("trade told with its wallet elsewhere")
            return
        number = trade_fingerprint(*identity, str(price.normalize()), str(size.normalize())) if identity else NO_ID
        if self._duplicates and number != NO_ID and not self._duplicates.is_new(number):
            self.ignore(REPEATED)
            return
        owner = wallet_id(wallet) if wallet else UNKNOWN
        if wallet:
            self.addresses[owner] = wallet.lower()
        row = (ts, instrument, price_usd, contracts, number, owner, side, KIND_TRADE, 0, 0)
        self._rows("trades").append(row)

    def change(self, change: MarketChange) -> None:
        """What was said of a market."""
        self._runs.append(("change", [change]))

    def group(self, group: Group) -> None:
        """Markets that belong together, as they are from here on."""
        self._runs.append(("group", [group]))

    def drain(self) -> list[Run]:
        """What was gathered since the last call, as runs of rows of one type."""
        runs, self._runs = self._runs, []
        return [_run(kind, rows) for kind, rows in runs]

    def _rows(self, kind: Kind) -> list[Any]:
        if not self._runs or self._runs[-1][0] != kind:
            self._runs.append((kind, []))
        return self._runs[-1][1]


def rows_of(runs: list[Run], kind: Kind) -> Rows:
    """All rows of one type, in order."""
    empty = np.empty(0, QUOTE if kind == "quotes" else TRADE)
    return np.concatenate([empty, *(rows for told, rows in runs if told == kind)])


def _run(kind: Kind, rows: list[Any]) -> Run:
    if kind in ("change", "group"):
        return kind, rows[0]
    return kind, np.array(rows, QUOTE if kind == "quotes" else TRADE)
