"""Small prediction markets for tests: groups, and quotes for their order books."""

from decimal import Decimal as D
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.blocks import TRADE, heartbeats, trades_block
from domain.clock import SECOND
from domain.instruments import instrument_id
from domain.markets import FeeSchedule, Group, Market, Token
from domain.quotes import ASK, BID, CLEAR, LEVEL, MESSAGE_END, NO_SEQ, QUOTE, READY, to_price, to_size

START = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z
CLOSES = START + 10 * 86_400 * SECOND
FREE = FeeSchedule(kind="none")
Levels = dict[str, str]


def polymarket(rate: str) -> FeeSchedule:
    """A fee schedule of Polymarket."""
    return FeeSchedule(kind="polymarket", rate=D(rate))


def market(name: str, *, group: str = "polymarket:e", fees: FeeSchedule = FREE, **options: Any) -> Market:
    """A market `polymarket:<name>` with tokens `…:yes` and `…:no`."""
    venue = group.partition(":")[0] if group.partition(":")[0] != "pair" else "polymarket"
    name = name if ":" in name else f"{venue}:{name}"
    given: dict[str, Any] = {"tick": D("0.01"), "minimum_size": D(5), "mirrored": False, "closes_at_ns": CLOSES}
    return Market(
        name=name,
        slug=name.replace(":", "-"),
        question=f"{name}?",
        group=group,
        yes=Token(name=f"{name}:yes", outcome="Yes"),
        no=Token(name=f"{name}:no", outcome="No"),
        fees=fees,
        **{**given, **options},
    )


def group(*markets: Market, kind: str = "event", name: str = "polymarket:e", **options: Any) -> Group:
    """A group of markets."""
    return Group(name=name, slug="slug", title="Title", kind=kind, markets=markets, **options)  # type: ignore[arg-type]


def quote(token: str, kind: int, at: int, price: str = "0", size: str = "0", side: int = 0, **options: Any) -> Any:
    """One row of QUOTE with the time `START` + `at` ns."""
    row = np.zeros(1, QUOTE)
    row["ts"] = row["received_at"] = START + at
    row["instrument"], row["kind"], row["side"], row["seq"] = instrument_id(token), kind, side, NO_SEQ
    row["price"], row["size"] = to_price(price), to_size(size)
    for name, value in options.items():
        row[name] = value
    return row


def snapshot(token: str, at: int, bids: Levels | None = None, asks: Levels | None = None) -> NDArray[Any]:
    """A complete order book; its last row does not end the message."""
    levels = [
        quote(token, LEVEL, at, price, size, side)
        for side, book in ((BID, bids or {}), (ASK, asks or {}))
        for price, size in book.items()
    ]
    return np.concatenate([quote(token, CLEAR, at), *levels, quote(token, READY, at)])


def level(token: str, at: int, side: int, price: str, size: str) -> NDArray[Any]:
    """An update of one price level."""
    return quote(token, LEVEL, at, price, size, side)


def message(*parts: NDArray[Any]) -> NDArray[Any]:
    """Rows of one message; only its last row ends it."""
    rows = np.concatenate(parts)
    rows["flags"] = 0
    rows["flags"][-1] = MESSAGE_END
    return rows


def trade(token: str, at: int, price: float, side: int, size: float = 1.0) -> bytes:
    """One trade as a block."""
    rows = np.zeros(1, TRADE)
    rows["ts"], rows["instrument"], rows["price"], rows["size"] = START + at, instrument_id(token), price, size
    rows["side"], rows["id"] = side, NO_SEQ
    return trades_block(rows)


def beat(at: int) -> bytes:
    """A block with one heartbeat at `START` + `at` ns."""
    return trades_block(heartbeats([START + at]))
