"""Whale records: convert whale findings to the records that the store writes.

Pure functions of WhaleFindings, as in flows/slice_records.py.
"""

from typing import Any

from domain.clock import to_datetime
from domain.instruments import venue_of
from domain.wallets import UNKNOWN
from domain.whale_trades import Wallet, WhaleTrade, record_of, whale_trade
from domain.whales import WHALE_ALONE, Called, WhaleFindings


def whales(given: WhaleFindings) -> list[WhaleTrade]:
    """Whales, consensus and disagreement, emitted and suppressed."""
    return [
        whale_trade(
            row,
            token=_token(row, called),
            market=called.market,
            slug=called.slug,
            outcome=called.outcome,
            wallet=called.wallet,
            simulated=venue_of(_token(row, called)) == "sim",
        )
        for row, called in zip(given.rows, given.called, strict=True)
    ]


def wallets(given: WhaleFindings) -> list[Wallet]:
    """The wallets of whales, with their track records at that time."""
    return [
        Wallet(id=called.wallet or str(row["wallet"]), seen_at=to_datetime(int(row["ts"])), record=record_of(row))
        for row, called in zip(given.rows, given.called, strict=True)
        if row["kind"] == WHALE_ALONE and row["wallet"] != UNKNOWN
    ]


def _token(row: Any, called: Called) -> str:
    """The token's name, or its number if the name is unknown."""
    return called.token or f"unknown:{row['instrument']}"
