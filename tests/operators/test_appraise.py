"""Appraisal of every kind of basket: equal to a manual calculation and to the hot path."""

from decimal import Decimal as D

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.arbitrage import ArbitrageSettings
from domain.blocks import markets_block, quotes_block
from domain.fees import order_fee
from domain.markets import FeeSchedule, Group
from domain.opportunities import Opportunity
from operators.appraise import Book, take, unwind_cost
from operators.catalogue import catalogue
from operators.kernels.basket import POLYMARKET, TERMS, charge, rounded_fill, rounded_order
from operators.spot_arbitrage import SpotArbitrage
from tests.operators.basket_twin import Books, reckon
from tests.prediction import group, market, message, polymarket, snapshot

EDGE_MIN = D("0.00037")  # no sum of prices in cents and their fees comes to it
EXACT = ArbitrageSettings(edge_min=0.00037, profit_min=0.0, depth_share=1.0, capital_max=1e9, gas=0.02)
FEES = [polymarket("0.04"), polymarket("0.07"), FeeSchedule(kind="kalshi"), FeeSchedule(kind="none")]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Group, Books]:
    """A group, and books near to where its baskets begin to pay."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["single", "event", "ladder", "pair"]))
    count = {"single": 1, "pair": 2}.get(kind, int(rng.integers(2, 5)))
    markets = [market(f"polymarket:{at}", fees=FEES[rng.integers(4)], lot=D(1), strike=D(at)) for at in range(count)]
    made = group(*markets, kind=kind, exclusive=True, exhaustive=True, convertible=True, reviewed=True)
    books: Books = {}
    for each in markets:
        middle = int(rng.integers(8, 92)) if kind != "event" else round(100 / count) + int(rng.integers(-4, 5))
        for token, at in ((each.yes, middle), (each.no, 100 - middle)):
            for side, step in (("buy", 1), ("sell", -1)):
                best = at + step * int(rng.integers(-3, 4))
                offsets = np.cumsum(rng.integers(1, 4, rng.integers(0, 5)))
                prices = [best + step * int(offset) for offset in offsets]
                books[token.name, side] = [
                    (D(price) / 100, int(rng.integers(3, 40))) for price in prices if 0 < price < 100
                ]
            if books[token.name, "buy"] and books[token.name, "sell"]:
                ask, bid = books[token.name, "buy"][0][0], books[token.name, "sell"][0][0]
                if bid >= ask:
                    books[token.name, "sell"] = [level for level in books[token.name, "sell"] if level[0] < ask]
    return made, books


@settings(max_examples=250)
@given(worlds())
def test_opportunity_equals_a_manual_calculation(world) -> None:
    among, books = world
    tokens = sorted({token for token, _ in books})
    sent = [
        snapshot(token, 0, *({str(p): str(s) for p, s in books[token, side]} for side in ("sell", "buy")))
        for token in tokens
    ]
    found = told(among, EXACT, message(*sent))
    by_hand = [
        reckon(basket, books, EDGE_MIN, D("0.02"), 5)
        for kind in catalogue().arbitrages
        for basket in kind.baskets(among)
        if basket.allowed
    ]
    assert sorted((each.size, each.net) for each in found) == sorted(each for each in by_hand if each)
    for each in found:
        assert each.best_net == pytest.approx(float(each.net), abs=1e-9), "the hot path found the same"
        assert each.gross - each.fees - each.gas == each.net


def test_a_basket_that_exactly_covers_its_costs_is_no_opportunity() -> None:
    """7 sets gain 0.28 dollars and cost 0.26 in fees and 0.02 in gas; about 2e-17 remain in floating point."""
    among = group(market("polymarket:x", fees=FeeSchedule(kind="kalshi")), kind="single")
    assert told(among, EXACT, pair(("0.53", "7"), ("0.43", "32"))) == []


def told(among: Group, settings: ArbitrageSettings, *messages: np.ndarray) -> list[Opportunity]:
    """What a machine tells of a group and its books."""
    machine = SpotArbitrage(settings, catalogue().arbitrages)
    machine.on_batch([markets_block([among])])
    found, _ = machine.on_batch([quotes_block(rows) for rows in messages])
    return [each for one in found for each in one.opportunities]


def pair(yes: tuple[str, str], no: tuple[str, str]) -> np.ndarray:
    """Asks of both answers of market x: price and size."""
    return message(
        snapshot("polymarket:x:yes", 0, {}, {yes[0]: yes[1]}), snapshot("polymarket:x:no", 0, {}, {no[0]: no[1]})
    )


def test_every_kind_is_made() -> None:
    two = [market(f"polymarket:{at}", strike=D(at)) for at in range(2)]
    twins = [market("polymarket:0"), market("kalshi:0")]
    groups = (
        group(*two, exclusive=True, exhaustive=True, convertible=True),
        group(*two, kind="ladder"),
        group(*twins, kind="pair", reviewed=True),
    )
    made = set()
    for among in groups:
        tokens = [token.name for each in among.markets for token in (each.yes, each.no)]
        cheap = message(*(snapshot(token, 0, {"0.30": "50"}, {"0.40": "50"}) for token in tokens))
        dear = message(*(snapshot(token, 1, {"0.60": "50"}, {"0.70": "50"}) for token in tokens))
        made |= {each.kind for each in told(among, EXACT, cheap, dear)}
    on_exchanges = {"cross_exchange", "triangular"}  # test_cross_exchange.py, test_triangular.py
    assert made == {kind.name for kind in catalogue().arbitrages} - on_exchanges


SINGLE = group(market("x"), kind="single")


def test_the_smaller_of_two_sides_sets_the_size_and_the_share_halves_it() -> None:
    (found,) = told(SINGLE, ArbitrageSettings(gas=0.0), pair(("0.4", "50.05"), ("0.5", "70")))
    assert found.size == D("25.02"), "half of it, in lots of .01"
    assert found.net == D("2.502")


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({}, ["8"]),
        ({"minimum_size": D(9)}, []),
        ({"minimum_value": D("3.3")}, []),
        ({"minimum_value": D("3.2")}, ["8"]),
        ({"lot": D(3)}, ["6"]),
    ],
)
def test_orders_below_venue_minimums_are_no_opportunity(options, size) -> None:
    among = group(market("x", **options), kind="single")
    eager = ArbitrageSettings(gas=0.0, depth_share=1.0)
    assert [str(each.size) for each in told(among, eager, pair(("0.4", "8"), ("0.5", "8")))] == size


def test_fee_rounding_of_kalshi_makes_small_baskets_expensive() -> None:
    """.32 and .645 bring .035 a set, and fees are .0153 and .0161: of one set two cents each: one begun counts."""
    among = group(market("x", fees=FeeSchedule(kind="kalshi"), minimum_size=D(1)), kind="single")
    eager = ArbitrageSettings(gas=0.0, depth_share=1.0, profit_min=0.0, edge_min=0.0)
    assert told(among, eager, pair(("0.32", "1"), ("0.645", "1"))) == []
    (found,) = told(among, eager, pair(("0.32", "100"), ("0.645", "100")))
    assert found.fees == D("1.53") + D("1.61")
    assert found.net == D("0.36")


def test_capital_limit_is_respected() -> None:
    bounded = ArbitrageSettings(gas=0.0, depth_share=1.0, capital_max=90.0)
    (found,) = told(SINGLE, bounded, pair(("0.45", "5000"), ("0.45", "5000")))
    assert (found.size, found.capital, found.net) == (100, 90, 10)


def test_gas_is_paid_once() -> None:
    (found,) = told(SINGLE, ArbitrageSettings(gas=0.5, depth_share=1.0), pair(("0.45", "50"), ("0.45", "50")))
    assert (found.gas, found.net) == (D("0.5"), D("4.5"))


@settings(max_examples=300)
@given(st.sampled_from(["0.04", "0.05", "0.07"]), st.integers(1, 999), st.integers(1, 50_000))
def test_fees_of_the_hot_path_round_as_the_venue_does(rate, price, size) -> None:

    for schedule, kind in ((polymarket(rate), POLYMARKET), (FeeSchedule(kind="kalshi"), POLYMARKET + 1)):
        terms = np.array([(kind, 0.07 if schedule.kind == "kalshi" else float(rate), 0.0, 1.0, 0.0, 1, 1)], TERMS)[0]
        fee = rounded_order(terms, rounded_fill(terms, charge(terms, price / 1000, size / 100)))
        assert fee == pytest.approx(float(order_fee(schedule, [(D(price) / 1000, D(size) / 100)])), abs=1e-12)


def test_unwinding_a_leg_costs_the_spread_and_the_fee() -> None:
    book = Book(bids=((580_000_000, 30_000_000), (570_000_000, 100_000_000)), asks=(), ts=0, seen_at=0)
    fee = D("0.04") * (30 * D("0.2436") + 20 * D("0.2451"))
    assert unwind_cost(polymarket("0.04"), "buy", D(30), 50_000_000, book) == 30 - D("28.8") + fee
    assert unwind_cost(polymarket("0.04"), "buy", D(30), 131_000_000, book) is None
    assert take(book.bids, 10_000_000, 0.25) == ((D("0.58"), D("7.5")), (D("0.57"), D("2.5")))
