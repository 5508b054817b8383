"""Cross-exchange arbitrage through the state machine."""

from decimal import Decimal as D

from domain.arbitrage import ArbitrageSettings
from domain.markets import FeeSchedule, Group, Listing
from domain.quotes import ASK
from tests.operators.arbitrage_feed import MS, changes, feed, machine
from tests.prediction import beat, level, message, snapshot

CHEAP, DEAR = "binance:BTCUSDT", "okx:BTCUSDT"


def listing(name: str, rate: str, moving: str) -> Listing:
    return Listing(
        name=name,
        base="BTC",
        quote="USDT",
        fees=FeeSchedule(kind="notional", rate=D(rate)),
        moving=D(moving),
        tick=D("0.1"),
        minimum_size=D("0.001"),
        lot=D("0.001"),
        minimum_value=D(10),
    )


BTC = Group(
    name="exchange:btc",
    slug="btc",
    title="Bitcoin",
    kind="exchange",
    listings=(listing(CHEAP, "0.0005", "0.0001"), listing(DEAR, "0.0004", "0")),
)
RULE = ArbitrageSettings(edge_min=1.0, depth_share=1.0, capital_max=1e6)


def test_price_difference_above_both_fees_is_traded_to_its_depth() -> None:
    """Each pays 60,000 x .0006 + 60,200 x .0004 = 60.08 a coin in fees: 140 is left at the top, 90 a level deeper."""
    made = machine(BTC, settings=RULE)
    (found,) = feed(
        made,
        message(
            snapshot(CHEAP, 0, {"59999": "2"}, {"60000": "0.5", "60050": "0.7005", "60150": "3"}),
            snapshot(DEAR, 0, {"60200": "2"}, {"60201": "2"}),
        ),
    )
    assert (found.kind, found.code, found.size) == ("cross_exchange", "P8", D("1.2"))
    fees = D("0.0006") * (D("0.5") * 60_000 + D("0.7") * 60_050) + D("0.0004") * D("1.2") * 60_200
    assert found.fees == fees
    assert found.net == D("1.2") * 60_200 - D("0.5") * 60_000 - D("0.7") * 60_050 - fees
    assert found.gas == 0
    assert found.capital == D("0.5") * 60_000 + D("0.7") * 60_050
    assert found.risk.time_lock_days == 0.0
    assert [(leg.side, leg.token, leg.limit_price) for leg in found.plan.legs] == [
        ("buy", CHEAP, 60_050),
        ("sell", DEAR, 60_200),
    ]
    told = feed(made, message(level(CHEAP, MS, ASK, "60000", "0"), level(CHEAP, MS, ASK, "60050", "0")), beat(300 * MS))
    assert changes(told) == [("closed", "edge gone"), ("settled", "edge gone")]


def test_price_difference_below_the_fees_is_no_opportunity() -> None:
    made = machine(BTC, settings=RULE)
    books = message(snapshot(CHEAP, 0, {}, {"60000": "1"}), snapshot(DEAR, 0, {"60060": "1"}, {}))
    assert feed(made, books) == []
