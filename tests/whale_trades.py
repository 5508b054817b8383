"""Whales and wallets as an engine could have told them, different in all that can be filtered by."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from domain.whale_trades import Wallet, WalletRecord, WhaleTrade

BEGIN = datetime(2026, 11, 20, 12, tzinfo=UTC)
ADDRESSES = ("0x" + "aB" * 20, "0x" + "2" * 40, "7123456789012345678")
"""Two addresses, and the number of a wallet whose address nobody told."""


def record(markets: int) -> WalletRecord:
    """What is known after so many markets."""
    return WalletRecord(
        markets=markets,
        edge=0.0125 * markets if markets else None,
        edge_se=0.001 if markets > 1 else None,
        average_entry=0.6,
        purity=0.9,
        flags=["trades both sides"] if markets % 2 else [],
    )


def whale(number: int, revision: int = 0, **changes: Any) -> WhaleTrade:
    """The whale that was found in the minute `number`; a consensus every fifth."""
    at = BEGIN + timedelta(minutes=number)
    alone, told = number % 5 != 4, bool(number % 4)
    plain = WhaleTrade(
        id=f"{number:032x}",
        kind="whale" if alone else "consensus",
        token=f"polymarket:{number % 3}1",
        market=f"polymarket:{number % 3}",
        slug=f"will-it-{number % 3}",
        outcome="Yes" if number % 2 else "",
        wallet=ADDRESSES[number % 3] if alone else None,
        detected_at=at,
        first_at=at - timedelta(seconds=6),
        last_at=at,
        side="buy" if number % 2 else "unknown",
        direction=number % 3 - 1,
        notional=10_000.0 * (number + 1),
        max_gain=5_000.5 if alone else None,
        contracts=15_000.25 if alone else None,
        vwap=0.625 if alone else None,
        fills=3,
        rank=0.995 if alone else None,
        rank_n=120.5,
        share=0.125 if alone else None,
        wallets=1 if alone else 4,
        against=0,
        posterior=None if alone else 0.9,
        chance=None if alone else 0.001,
        record=record(number) if alone else None,
        revision=revision,
        status="emitted" if told else "suppressed",
        suppressed_reason=None if told else "its size is usual in this market",
        reason="A wallet bought 'Yes' for $20,000 at 0.625.",
        simulated=bool(number % 2),
    )
    return msgspec.structs.replace(plain, **changes)


def wallet(number: int, seen_at: datetime = BEGIN) -> Wallet:
    """One of three wallets."""
    return Wallet(id=ADDRESSES[number % 3], seen_at=seen_at, record=record(number))
