"""Warm-up for prediction markets: compile their kernels ahead of time, so that the first books are not delayed.

See `operators.warm`. One market is listed, quoted, traded in large size and resolved.
"""

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.arbitrage import ArbitrageSettings
from domain.blocks import NO_ID, TRADE, heartbeats, markets_block, names_block, quotes_block, trades_block
from domain.clock import MINUTE, SECOND
from domain.instruments import instrument_id
from domain.markets import FeeSchedule, Group, Market, Token
from domain.quotes import ASK, BID, CLEAR, LEVEL, MESSAGE_END, NO_SEQ, PRICE_UNITS, QUOTE, READY, SIZE_UNITS
from domain.whale_settings import WhaleSettings
from operators.align_whales import AlignWhales
from operators.catalogue import catalogue
from operators.grade_wallets import GradeWallets
from operators.spot_arbitrage import SpotArbitrage
from operators.spot_whales import SpotWhales

YES, NO = "warm:m-yes", "warm:m-no"
BEGIN = 1_700_000_000 * SECOND


def warm_prediction() -> None:
    """Run each prediction-market step that has kernels of its own once."""
    market = Market(
        name="warm:m",
        slug="m",
        question="m?",
        group="warm:m",
        yes=Token(name=YES, outcome="Yes"),
        no=Token(name=NO, outcome="No"),
        fees=FeeSchedule(kind="none"),
        tick=Decimal("0.01"),
        minimum_size=Decimal(5),
        mirrored=False,
    )
    group = Group(name="warm:m", slug="m", title="m", kind="single", markets=(market,))
    resolved = msgspec.structs.replace(market, status="resolved", winner=YES)
    blocks = [
        markets_block([group]),
        names_block([YES, NO]),
        quotes_block(np.concatenate([_book(YES, 0.40), _book(NO, 0.50)])),
        _trades(),
        trades_block(heartbeats([BEGIN + 10 * MINUTE])),
        markets_block([msgspec.structs.replace(group, markets=(resolved,))]),
        trades_block(heartbeats([BEGIN + 20 * MINUTE])),
    ]
    desk = SpotArbitrage(ArbitrageSettings(), catalogue().arbitrages)
    watch = SpotWhales(WhaleSettings())
    for block in blocks:
        desk.on_batch([block])
        desk = SpotArbitrage(ArbitrageSettings(), catalogue().arbitrages, desk.snapshot())
        found = watch.on_batch([block])[0]
        watch = SpotWhales(WhaleSettings(), watch.snapshot())
        GradeWallets(WhaleSettings()).on_batch(AlignWhales(shards=1).on_batch([("", each) for each in found])[0])


def _book(token: str, ask: float) -> NDArray[Any]:
    rows = np.zeros(4, QUOTE)
    rows["ts"] = rows["received_at"] = BEGIN
    rows["instrument"], rows["seq"] = instrument_id(token), NO_SEQ
    rows["kind"] = CLEAR, LEVEL, LEVEL, READY
    rows["side"] = 0, BID, ASK, 0
    rows["price"] = 0, round((ask - 0.05) * PRICE_UNITS), round(ask * PRICE_UNITS), 0
    rows["size"] = 0, 1_000 * SIZE_UNITS, 1_000 * SIZE_UNITS, 0
    rows["flags"][-1] = MESSAGE_END
    return rows


def _trades() -> bytes:
    rows = np.zeros(3, TRADE)
    rows["ts"], rows["instrument"] = BEGIN + np.arange(3) * MINUTE, instrument_id(YES)
    rows["price"], rows["size"], rows["side"], rows["id"] = 0.4, 100_000.0, 1, NO_ID
    rows["wallet"] = 1, 2, 3
    return trades_block(rows)
