"""Whales and wallets as an engine could emit them, with different values of every field that has a filter."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from domain.whale_trades import Wallet, WalletRecord, WhaleTrade

BEGIN = datetime(2026, 11, 20, 12, tzinfo=UTC)
ADDRESSES = ("0x" + "aB" * 20, "0x" + "2" * 40, "7123456789012345678")
"""Two addresses, and the number of a wallet whose address is unknown."""


def record(markets: int) -> WalletRecord:
    """The track record of a wallet after that many markets."""
    return WalletRecord(
        markets=markets,
        edge=0.0125 * markets if markets else None,
        edge_se=0.001 if markets > 1 else None,
        average_entry=0.6,
        purity=0.9,
        flags=["trades both sides"] if markets % 2 else [],
    )


def whale(number: int, revision: int = 0, **changes: Any) -> WhaleTrade:
    """A whale detected in minute `number`; every fifth is a consensus."""
    at = BEGIN + timedelta(minutes=number)
    is_single, is_emitted = number % 5 != 4, bool(number % 4)
    plain = WhaleTrade(
        id=f"{number:032x}",
        kind="whale" if is_single else "consensus",
        token=f"polymarket:{number % 3}1",
        market=f"polymarket:{number % 3}",
        slug=f"will-it-{number % 3}",
        outcome="Yes" if number % 2 else "",
        wallet=ADDRESSES[number % 3] if is_single else None,
        detected_at=at,
        first_at=at - timedelta(seconds=6),
        last_at=at,
        side="buy" if number % 2 else "unknown",
        direction=number % 3 - 1,
        notional=10_000.0 * (number + 1),
        max_gain=5_000.5 if is_single else None,
        contracts=15_000.25 if is_single else None,
        vwap=0.625 if is_single else None,
        fills=3,
        rank=0.995 if is_single else None,
        rank_n=120.5,
        share=0.125 if is_single else None,
        wallets=1 if is_single else 4,
        against=0,
        posterior=None if is_single else 0.9,
        chance=None if is_single else 0.001,
        record=record(number) if is_single else None,
        revision=revision,
        status="emitted" if is_emitted else "suppressed",
        suppressed_reason=None if is_emitted else "its size is usual in this market",
        reason="A wallet bought 'Yes' for $20,000 at 0.625.",
        simulated=bool(number % 2),
    )
    return msgspec.structs.replace(plain, **changes)


def wallet(number: int, seen_at: datetime = BEGIN) -> Wallet:
    """One of three wallets."""
    return Wallet(id=ADDRESSES[number % 3], seen_at=seen_at, record=record(number))
