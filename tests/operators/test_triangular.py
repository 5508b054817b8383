"""Triangular arbitrage through the state machine and by a manual calculation."""

from decimal import ROUND_DOWN
from decimal import Decimal as D
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.arbitrage import ArbitrageSettings
from domain.clock import SECOND
from domain.markets import FeeSchedule, Group, Listing
from domain.opportunities import Opportunity
from domain.quotes import ASK, BID
from tests.operators.arbitrage_feed import MS, changes, feed, machine
from tests.operators.cycle_twin import Ladder, Trade, best, round_trip
from tests.prediction import beat, level, message, snapshot

BTC, ETH, CROSS = "binance:BTCUSDT", "binance:ETHUSDT", "binance:ETHBTC"
RULE = ArbitrageSettings(edge_min=0.0005, profit_min=0.0, depth_share=1.0, capital_max=1e7)


def listing(name: str, base: str, quote: str, lot: str, **options: Any) -> Listing:
    given: dict[str, Any] = {"fees": FeeSchedule(kind="notional", rate=D("0.001")), "tick": D("0.00001")}
    return Listing(name=name, base=base, quote=quote, lot=D(lot), minimum_size=D(lot), **{**given, **options})


def exchange(*listings: Listing) -> Group:
    return Group(name="exchange:binance", slug="binance", title="Binance", kind="exchange", listings=listings)


LISTINGS = (
    listing(BTC, "BTC", "USDT", "0.001"),
    listing(ETH, "ETH", "USDT", "0.01"),
    listing(CROSS, "ETH", "BTC", "0.01"),
)
BINANCE = exchange(*LISTINGS)


def books(at: int = 0, *, btc: str = "2", eth: str = "3510") -> np.ndarray:
    """A coin costs 60,000, buys 17.54 ether at .057, and they sell for 3,510: 1.02632 before fees of .003."""
    return message(
        snapshot(BTC, at, {"59990": "5"}, {"60000": btc, "60500": "1", "64000": "9"}),
        snapshot(CROSS, at, {"0.0560": "50"}, {"0.0570": "20", "0.0572": "30"}),
        snapshot(ETH, at, {eth: "30", "3500": "10"}, {"3520": "9"}),
    )


def test_a_cycle_that_brings_more_than_its_fees_is_taken_as_deep_as_it_does() -> None:
    made = machine(BINANCE, settings=RULE)
    (found,) = feed(made, books())
    trades = [
        Trade("buy", [(D(60_000), D(2)), (D(60_500), D(1)), (D(64_000), D(9))], D("0.001"), D("0.001")),
        Trade("buy", [(D("0.057"), D(20)), (D("0.0572"), D(30))], D("0.001"), D("0.01")),
        Trade("sell", [(D(3510), D(30)), (D(3500), D(10))], D("0.001"), D("0.01")),
    ]
    lots = best(trades, D("0.0005"))
    sizes, won = round_trip(trades, lots * D("0.001"))
    assert (found.kind, found.code, found.group) == ("triangular", "P9", "exchange:binance")
    assert [(leg.token, leg.side, leg.size) for leg in found.plan.legs] == list(
        zip((BTC, CROSS, ETH), ("buy", "buy", "sell"), sizes, strict=True)
    )
    assert [leg.limit_price for leg in found.plan.legs] == [D(60_500), D("0.0572"), D(3500)]
    assert found.net == won
    assert found.capital == found.size == 2 * 60_000 + (sizes[0] - 2) * 60_500
    assert (found.gas, found.payoff, found.gross - found.fees) == (D(0), D(0), found.net)
    assert found.best_net == pytest.approx(float(found.net), abs=1e-6)
    assert found.edge == pytest.approx(float(won / found.capital))
    assert found.risk.time_lock_days == 0.0


def test_it_is_opened_updated_closed_and_settled() -> None:
    made = machine(BINANCE, settings=RULE)
    told = feed(made, books(), message(level(BTC, MS, ASK, "60000", "0.4")), beat(300 * MS))
    told += feed(made, message(level(ETH, SECOND, BID, "3510", "0"), level(ETH, SECOND, BID, "3500", "0")))
    lived = [("opened", None), ("updated", None), ("settled", None), ("settled", None), ("closed", "edge gone")]
    assert changes(told) == lived
    judged, planned = told[2].settlement, told[0].plan.legs[0]
    assert judged is not None
    assert (judged.outcome, judged.late_leg) == ("partial", BTC)
    assert judged.fills[0] == float(D("1.4") / planned.size)
    assert judged.fills == sorted(judged.fills, reverse=True)


def test_a_plan_whose_books_stay_fills_for_what_it_said() -> None:
    made = machine(BINANCE, settings=RULE)
    opened, settled = feed(made, books(), beat(300 * MS))
    judged = settled.settlement
    assert judged is not None
    assert (judged.outcome, judged.net, judged.fills, judged.late_leg) == ("filled", opened.net, [1.0] * 3, None)
    assert judged.size == opened.size


@pytest.mark.parametrize(
    ("gone", "late", "coins"),
    [
        (level(CROSS, MS, ASK, "0.0570", "0"), CROSS, D("0.999")),
        # 17.52 ether, less the fee, buy so many coins back.
        (level(ETH, MS, BID, "3510", "0"), ETH, D("17.52") * D("0.999") * D("0.056") * D("0.999")),
    ],
)
def test_what_stands_alone_is_traded_back_the_way_it_came(gone: np.ndarray, late: str, coins: D) -> None:
    thin = message(
        snapshot(BTC, 0, {"59990": "5"}, {"60000": "1"}),
        snapshot(CROSS, 0, {"0.0560": "50"}, {"0.0570": "20"}),
        snapshot(ETH, 0, {"3510": "30"}, {"3520": "9"}),
    )
    told = feed(machine(BINANCE, settings=RULE), thin, message(gone), beat(300 * MS))
    judged = told[-1].settlement
    assert judged is not None
    assert (judged.outcome, judged.late_leg, judged.size) == ("missed", late, D(0))
    assert judged.net == coins.quantize(D("0.000001"), ROUND_DOWN) * 59_990 * D("0.999") - 60_000


def test_fees_that_eat_it_and_books_without_depth_are_none() -> None:
    dear = [FeeSchedule(kind="notional", rate=D("0.01"))]
    among = exchange(*(listing(each.name, each.base, each.quote, "0.001", fees=dear[0]) for each in LISTINGS))
    assert feed(machine(among, settings=RULE), books()) == []
    empty = message(snapshot(BTC, 0, {}, {"60000": "1"}), snapshot(CROSS, 0), snapshot(ETH, 0, {"3510": "1"}, {}))
    assert feed(machine(BINANCE, settings=RULE), empty) == []


@pytest.mark.parametrize(
    "options", [{"minimum_value": D(200_000)}, {"minimum_size": D(1_000)}, {"fees": FeeSchedule(kind="kalshi")}]
)
def test_orders_that_the_exchange_would_refuse_are_none(options: dict[str, Any]) -> None:
    for at, each in enumerate(LISTINGS):
        other = {**{name: getattr(each, name) for name in each.__struct_fields__}, **options}
        among = exchange(*LISTINGS[:at], Listing(**other), *LISTINGS[at + 1 :])
        if at == 2 and "minimum_value" in options:
            continue  # its value is in coins
        assert feed(machine(among, settings=RULE), books()) == []


def test_no_more_money_is_put_in_than_allowed() -> None:
    (found,) = feed(machine(BINANCE, settings=ArbitrageSettings(depth_share=1.0, capital_max=9_000.0)), books())
    assert found.capital == 9_000
    (half,) = feed(machine(BINANCE, settings=ArbitrageSettings(depth_share=0.5, capital_max=1e7)), books())
    assert [leg.visible_size >= 2 * leg.size - D("0.02") for leg in half.plan.legs] == [True] * 3


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Group, dict[str, dict[str, Ladder]]]:
    """Three books near to where a cycle begins to pay, in either direction; the asset between is quoted either way."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rates = [D(int(rng.integers(0, 12))) / 10_000 for _ in range(3)]
    turned = bool(rng.integers(2))
    cross = listing(CROSS, *(("BTC", "ETH") if turned else ("ETH", "BTC")), "0.01")
    made = [
        listing(BTC, "BTC", "USDT", "0.01"),
        listing(ETH, "ETH", "USDT", "0.1"),
        cross,
    ]
    among = exchange(
        *(
            Listing(**{**{n: getattr(e, n) for n in e.__struct_fields__}, "fees": FeeSchedule(kind="notional", rate=r)})
            for e, r in zip(made, rates, strict=True)
        )
    )
    middles = {BTC: 200.0, ETH: 20.0, CROSS: 10.0 if turned else 0.1}
    books: dict[str, dict[str, Ladder]] = {}
    for name, usual in middles.items():
        middle = usual * (1.0 + rng.normal(0.0, 0.01))
        books[name] = {}
        for side, sign in (("buy", 1), ("sell", -1)):
            offsets = np.cumsum(rng.uniform(0.0001, 0.001, rng.integers(2, 6)))
            books[name][side] = [
                (D(f"{middle * (1.0 + sign * offset):.7f}"), D(int(rng.integers(1, 60))) / 10) for offset in offsets
            ]
    return among, books


def by_hand(among: Group, books: dict[str, dict[str, Ladder]], names: list[str], sides: list[str]) -> list[Trade]:
    listed = {each.name: each for each in among.listings}
    return [
        Trade(side, books[name][side], listed[name].fees.rate, listed[name].lot)
        for name, side in zip(names, sides, strict=True)
    ]


@settings(max_examples=150)
@given(worlds())
def test_opportunity_equals_a_manual_calculation(world: tuple[Group, dict[str, dict[str, Ladder]]]) -> None:
    among, books = world
    sent = [
        snapshot(name, 0, *({str(p): str(s) for p, s in books[name][side]} for side in ("sell", "buy")))
        for name in (BTC, CROSS, ETH)
    ]
    found = {each.plan.legs[0].token: each for each in feed(machine(among, settings=RULE), message(*sent))}
    turned = among.listings[2].base == "BTC"
    for first, last, side in ((BTC, ETH, "sell" if turned else "buy"), (ETH, BTC, "buy" if turned else "sell")):
        trades = by_hand(among, books, [first, CROSS, last], ["buy", side, "sell"])
        lots = best(trades, D("0.0005"))
        told: Opportunity | None = found.get(first)
        # The most is won at the lot before or after the point where one more bit of money pays no more.
        near = {at: round_trip(trades, at * trades[0].lot) for at in (lots - 1, lots) if at > 0}
        if told is None:
            assert all(won <= 0 or min(sizes) == 0 for sizes, won in near.values()) or lots <= 1
            continue
        sizes = [leg.size for leg in told.plan.legs]
        assert (sizes, told.net) in list(near.values())
        assert told.best_net == pytest.approx(float(told.net), abs=1e-6), "the hot path found the same"
        assert told.gross - told.fees - told.gas == told.net
