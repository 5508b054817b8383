"""`cycle`: settlement of a plan of three trades against later order books."""

from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from domain.clock import from_datetime
from domain.markets import FeeSchedule
from domain.opportunities import Settlement
from operators.appraise import Book
from operators.cycle import settle_cycle
from tests.operators.arbitrage_feed import feed, machine
from tests.operators.test_triangular import BINANCE, BTC, CROSS, ETH, RULE, books

Levels = dict[str, str]
FEES = [FeeSchedule(kind="notional", rate=D("0.001"))] * 3
(PLANNED,) = feed(machine(BINANCE, settings=RULE), books())
NOW = from_datetime(PLANNED.opened_at)


def book(bids: Levels, asks: Levels) -> Book:
    """Of price to size."""
    told = (
        tuple((int(D(price).scaleb(9)), int(D(size).scaleb(6))) for price, size in side.items())
        for side in (bids, asks)
    )
    return Book(*told, ts=NOW, seen_at=NOW)


AS_PLANNED = {
    BTC: book({"59990": "5"}, {"60000": "2", "60500": "1"}),
    CROSS: book({"0.0560": "50"}, {"0.0570": "20", "0.0572": "30"}),
    ETH: book({"3510": "30", "3500": "10"}, {"3520": "9"}),
}


def judge(**other: Book) -> Settlement:
    met = AS_PLANNED | {{"btc": BTC, "cross": CROSS, "eth": ETH}[name]: mine for name, mine in other.items()}
    return settle_cycle(msgspec.structs.replace(PLANNED, gas=D(5)), FEES, met, 1.0, NOW)


@pytest.mark.parametrize(
    ("other", "outcome", "net"),
    [
        ({}, "filled", PLANNED.net - 5),
        # Who traded nothing pays for nothing on chain.
        ({"btc": book({"59990": "5"}, {"60501": "9"})}, "missed", D(0)),
        # A coin was bought, buys nothing, and cannot be sold again.
        ({"btc": book({"59990": "0.1"}, {"60000": "2", "60500": "1"}), "cross": book({}, {})}, "missed", None),
    ],
)
def test_settlement_of_a_cycle(other: dict[str, Any], outcome: str, net: D | None) -> None:
    judged = judge(**other)
    assert (judged.outcome, judged.net) == (outcome, net)
    assert judged.edge == (None if net is None else float(net / PLANNED.size))


def test_unusable_book_leaves_the_plan_unjudged() -> None:
    judged = settle_cycle(PLANNED, FEES, {BTC: AS_PLANNED[BTC]}, 1.0, NOW)
    assert judged == Settlement.unjudged(PLANNED.plan.revision, PLANNED.opened_at)
