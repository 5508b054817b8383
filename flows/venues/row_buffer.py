"""RowBuffer: the rows of quotes and trades that decoders read from messages of prediction markets.

Decoders add rows, message by message; the reader of a file or socket drains them. Changes of the markets
themselves (`MarketChange`) are kept in order with the rows.
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
"""A row this far ahead of its receive time would advance the watermark of its shard wrongly."""
REPEATED = "trade told before"
TYPES_COUNTED = 64
"""Number of message types that are counted by name, so that unknown types cannot exhaust memory."""


Status = Literal["open", "paused", "disputed", "closed", "resolved"]
"""Status of a market (`domain.markets.Market`)."""


class MarketChange(NamedTuple):
    """A new market, or a change of its state.

    Attributes
    ----------
    market
        Name of the market.
    status, winner
        As in `domain.markets.Market`.
    opened
        The market itself if it is new; its `group` is the event to which it was added.
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
    """Rows in the order of the messages.

    Parameters
    ----------
    source
        The origin that rejects name.
    with_wallets
        Instruments whose trades come from a feed with wallets; their trades without a wallet, from other
        feeds, are dropped.
    duplicates
        Filter shared by several buffers, so that duplicate trades are dropped.

    Attributes
    ----------
    ignored
        Ignored messages by type.
    raw
        The object being decoded: the message, or one of the objects in it.
    names, addresses
        Names of the instruments and wallets in the rows, by numeric id.
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
        """Start the next message.

        Parameters
        ----------
        position
            Its line or index, from 1, for rejects.
        received_ns
            Receive time; 0 if unknown.
        raw
            The raw message.
        """
        self._position, self.received_ns, self.raw = position, received_ns, raw

    def end(self) -> None:
        """End the message: mark its last quote, after which its books are consistent."""
        if self._runs and self._runs[-1][0] == "quotes":
            rows = self._runs[-1][1]
            *row, flags, spare = rows[-1]
            rows[-1] = (*row, flags | MESSAGE_END, spare)

    def ignore(self, kind: str) -> None:
        """Count an irrelevant message."""
        kind = kind[:40]
        self.ignored[kind if kind in self.ignored or len(self.ignored) < TYPES_COUNTED else "other types"] += 1

    def reject(self, reason: str, raw: Json | None = None) -> None:
        """Add a reject of `raw`, by default of the object being decoded."""
        excerpt = bytes(memoryview(self.raw if raw is None else raw)[:RAW_BYTES])
        self.rejects.append(Reject(self._source, self._position, reason, excerpt, self.received_ns))

    def stamp(self, at_ns: int) -> int:
        """Return the event time `at_ns`, or the receive time if the message has none.

        Raises
        ------
        UnusableError
            If it is out of range.
        """
        at_ns = at_ns or self.received_ns
        if at_ns < EARLIEST_NS:
            raise UnusableError("time is missing or before 1971")
        if at_ns > LATEST_NS or (self.received_ns and at_ns > self.received_ns + AHEAD_NS):
            raise UnusableError("timestamp is more than 5 s ahead of its receive time")
        return at_ns

    def instrument(self, name: str) -> int:
        """Return the numeric id of an instrument, and store its name.

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
        """Add a row of `QUOTE`."""
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
        """Add a row of `TRADE`.

        Parameters
        ----------
        identity
            Values that distinguish the trade from others of the same price and size; empty if there are none.
        wallet
            Address of the taker; empty if unknown.

        Raises
        ------
        UnusableError
            If the price or the size is out of range.
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
        """Add a change of a market."""
        self._runs.append(("change", [change]))

    def group(self, group: Group) -> None:
        """Add a new or updated group of markets."""
        self._runs.append(("group", [group]))

    def drain(self) -> list[Run]:
        """Remove and return all rows since the last call, as runs of one type."""
        runs, self._runs = self._runs, []
        return [_run(kind, rows) for kind, rows in runs]

    def _rows(self, kind: Kind) -> list[Any]:
        if not self._runs or self._runs[-1][0] != kind:
            self._runs.append((kind, []))
        return self._runs[-1][1]


def rows_of(runs: list[Run], kind: Kind) -> Rows:
    """All rows of one type, in order."""
    empty = np.empty(0, QUOTE if kind == "quotes" else TRADE)
    return np.concatenate([empty, *(rows for run_kind, rows in runs if run_kind == kind)])


def _run(kind: Kind, rows: list[Any]) -> Run:
    if kind in ("change", "group"):
        return kind, rows[0]
    return kind, np.array(rows, QUOTE if kind == "quotes" else TRADE)
