"""Which baskets a group makes, what they pay whatever happens, and what shuts their gates."""

from collections.abc import Iterator
from decimal import Decimal as D
from itertools import product
from typing import Any

import msgspec
import pytest

from domain.markets import FeeSchedule, Group, Listing, Market
from operators.arbitrages import Basket
from operators.catalogue import catalogue
from tests.prediction import group, market

KINDS = {kind.name: kind for kind in catalogue().arbitrages}
A, B, C = market("a"), market("b"), market("c")
EVENT = group(A, B, C, exclusive=True, exhaustive=True, convertible=True)
LADDER = group(
    market("a", strike=D(100)), market("b", strike=D(110)), market("c", strike=D(120), strict=False), kind="ladder"
)
PAIR = group(market("polymarket:x"), market("kalshi:x"), kind="pair", name="pair:x", reviewed=True)
SINGLE = group(A, kind="single")


def shut(basket: Basket) -> list[str]:
    return [gate.reason for gate in basket.gates if not gate.passed]


def said(basket: Basket) -> tuple[D, list[tuple[str, str]]]:
    return basket.payoff, [(leg.side, leg.token.name.split(":", 1)[1]) for leg in basket.legs]


@pytest.mark.parametrize(
    ("kind", "among", "wanted"),
    [
        ("buy_pair", SINGLE, [(D(1), [("buy", "a:yes"), ("buy", "a:no")])]),
        ("sell_pair", SINGLE, [(D(-1), [("sell", "a:yes"), ("sell", "a:no")])]),
        ("buy_all_yes", EVENT, [(D(1), [("buy", "a:yes"), ("buy", "b:yes"), ("buy", "c:yes")])]),
        ("buy_all_no", EVENT, [(D(-1), [("buy", "a:no"), ("buy", "b:no"), ("buy", "c:no")])]),
        ("convert_subset", EVENT, [(D(-1), [("buy", "a:no"), ("buy", "b:no"), ("buy", "c:no")])]),
        (
            "strike_ladder",
            LADDER,
            [(D(1), [("buy", f"{low}:yes"), ("buy", f"{high}:no")]) for low, high in ("ab", "ac", "bc")],
        ),
        (
            "cross_venue",
            PAIR,
            [(D(1), [("buy", "x:yes"), ("buy", "x:no")]), (D(1), [("buy", "x:yes"), ("buy", "x:no")])],
        ),
    ],
)
def test_baskets_of_a_group(kind: str, among: Group, wanted: list[tuple[D, list[tuple[str, str]]]]) -> None:
    baskets = KINDS[kind].baskets(among)
    assert [said(basket) for basket in baskets] == wanted
    assert all(basket.allowed for basket in baskets)
    assert len({basket.key for basket in baskets}) == len(baskets)


def test_groups_of_another_kind_make_no_basket() -> None:
    made = {
        name: [among.kind for among in (SINGLE, EVENT, LADDER, PAIR) if kind.baskets(among)]
        for name, kind in KINDS.items()
    }
    everywhere = ["single", "event", "ladder", "pair"]
    assert made == {
        "buy_pair": everywhere,
        "sell_pair": everywhere,
        "buy_all_yes": ["event"],
        "buy_all_no": ["event"],
        "convert_subset": ["event"],
        "strike_ladder": ["ladder"],
        "cross_venue": ["pair"],
        "cross_exchange": [],
        "triangular": [],
    }


def worlds(among: Group) -> Iterator[set[str]]:
    """The tokens that pay, in each way that the group may end."""
    markets = among.markets
    if among.kind == "event":
        for winner in markets:
            yield {(market.yes if market is winner else market.no).name for market in markets}
    elif among.kind == "ladder":
        for reached in range(len(markets) + 1):
            yield {(market.yes if at < reached else market.no).name for at, market in enumerate(markets)}
    elif among.kind == "pair":
        for yes in (True, False):
            yield {(market.yes if yes else market.no).name for market in markets}
    else:
        for answers in product((True, False), repeat=len(markets)):
            yield {(m.yes if yes else m.no).name for m, yes in zip(markets, answers, strict=True)}


@pytest.mark.parametrize("among", [SINGLE, EVENT, LADDER, PAIR], ids=lambda among: among.kind)
@pytest.mark.parametrize("kind", ["buy_pair", "buy_all_yes", "buy_all_no", "strike_ladder", "cross_venue"])
def test_what_is_held_pays_at_least_the_payoff_in_every_world(kind: str, among: Group) -> None:
    for basket in KINDS[kind].baskets(among):
        promised = basket.payoff + sum(leg.adds for leg in basket.legs)
        for paying in worlds(among):
            assert sum(leg.token.name in paying for leg in basket.legs) >= promised


@pytest.mark.parametrize(
    ("kind", "among", "reasons"),
    [
        ("buy_all_yes", {"exhaustive": False}, ["EXHAUSTIVENESS_UNPROVEN"]),
        ("buy_all_yes", {"augmented": True}, ["EXHAUSTIVENESS_UNPROVEN"]),
        ("buy_all_yes", {"exclusive": False}, ["EXCLUSIVITY_UNPROVEN"]),
        ("buy_all_no", {"exhaustive": False, "augmented": True}, []),
        ("buy_all_no", {"exclusive": False}, ["EXCLUSIVITY_UNPROVEN"]),
        ("convert_subset", {"convertible": False}, ["NOT_CONVERTIBLE"]),
    ],
)
def test_gates_of_an_event(kind: str, among: dict[str, bool], reasons: list[str]) -> None:
    (basket,) = KINDS[kind].baskets(msgspec.structs.replace(EVENT, **among))
    assert shut(basket) == reasons
    assert basket.allowed == (not reasons)


def test_a_pair_nobody_reviewed_or_with_other_terms_is_no_arbitrage() -> None:
    unreviewed = msgspec.structs.replace(PAIR, reviewed=False)
    assert [shut(basket) for basket in KINDS["cross_venue"].baskets(unreviewed)] == [["MAPPING_UNREVIEWED"]] * 2
    later = msgspec.structs.replace(PAIR.markets[1], closes_at_ns=1)
    unequal = msgspec.structs.replace(PAIR, markets=(PAIR.markets[0], later))
    assert [shut(basket) for basket in KINDS["cross_venue"].baskets(unequal)] == [["TERMS_DIFFER"]] * 2


@pytest.mark.parametrize(
    ("low", "high", "reasons"),
    [
        ((D(100), True), (D(100), True), ["STRIKES_NOT_ORDERED"]),
        ((D(100), False), (D(100), True), []),  # at least 100, and above 100
        ((D(100), True), (D(101), False), []),
    ],
)
def test_strictness_decides_at_equal_strikes(low, high, reasons) -> None:
    markets = (market(name, strike=strike, strict=strict) for name, (strike, strict) in (("a", low), ("b", high)))
    (basket,) = KINDS["strike_ladder"].baskets(group(*markets, kind="ladder"))
    assert shut(basket) == reasons


def test_a_ladder_that_is_judged_at_two_times_is_none() -> None:
    markets = market("a", strike=D(1)), market("b", strike=D(2), closes_at_ns=1)
    (basket,) = KINDS["strike_ladder"].baskets(group(*markets, kind="ladder"))
    assert shut(basket) == ["TIMES_DIFFER"]


def test_mirrored_books_are_counted_once() -> None:
    mirrored = group(*(market(name, mirrored=True) for name in "abc"), exclusive=True, convertible=True)
    assert KINDS["sell_pair"].baskets(mirrored) == ()
    assert KINDS["convert_subset"].baskets(mirrored) == ()
    assert [basket.confirm for basket in KINDS["buy_pair"].baskets(mirrored)] == [True] * 3


@pytest.mark.parametrize("status", ["paused", "disputed", "closed", "resolved"])
def test_a_market_that_takes_no_orders_is_in_no_basket(status) -> None:
    winner = "polymarket:a:no" if status == "resolved" else ""
    ended = ended_market(A, status, winner)
    event = group(ended, B, C, exclusive=True, exhaustive=True, convertible=True)
    legs = {
        name: [leg.market.name for basket in kind.baskets(event) for leg in basket.legs] for name, kind in KINDS.items()
    }
    assert all("polymarket:a" not in names for names in legs.values())
    assert len(legs["buy_all_no"]) == 2, "of the others at most one comes true"
    assert len(legs["buy_all_yes"]) == (2 if status == "resolved" else 0), "all answers that are left, or none"


@pytest.mark.parametrize("winner", ["polymarket:a:yes", ""])
def test_an_event_is_over_once_an_answer_came_true_or_was_voided(winner) -> None:
    event = group(ended_market(A, "resolved", winner), B, C, exclusive=True, exhaustive=True, convertible=True)
    for name in ("buy_all_yes", "buy_all_no", "convert_subset"):
        assert KINDS[name].baskets(event) == ()


def ended_market(given: Market, status: str, winner: str) -> Market:
    return msgspec.structs.replace(given, status=status, winner=winner)


def listing(venue: str, quote: str = "USDT", **options: object) -> Listing:
    fees = FeeSchedule(kind="notional", rate=D("0.001"))
    given = {"tick": D("0.1"), "minimum_size": D("0.001"), "lot": D("0.001"), **options}
    return Listing(name=f"{venue}:BTC{quote}", base="BTC", quote=quote, fees=fees, **given)  # type: ignore[arg-type]


def asset(*listings: Listing) -> Group:
    return Group(name="exchange:btc", slug="btc", title="Bitcoin", kind="exchange", listings=listings)


def test_an_asset_is_bought_where_it_is_cheap_both_ways_round() -> None:
    among = asset(listing("binance", moving=D("0.0002")), listing("okx"), listing("kraken", status="paused"))
    baskets = KINDS["cross_exchange"].baskets(among)
    assert [[(leg.side, leg.token.name, leg.market.fees.rate) for leg in basket.legs] for basket in baskets] == [
        [("buy", "binance:BTCUSDT", D("0.0012")), ("sell", "okx:BTCUSDT", D("0.001"))],
        [("buy", "okx:BTCUSDT", D("0.001")), ("sell", "binance:BTCUSDT", D("0.0012"))],
    ]
    assert all(basket.allowed for basket in baskets)


def test_a_dollar_and_a_coin_for_it_are_not_the_same_money() -> None:
    baskets = KINDS["cross_exchange"].baskets(asset(listing("binance"), listing("coinbase", quote="USD")))
    assert [shut(basket) for basket in baskets] == [["CURRENCIES_DIFFER"]] * 2


def test_a_cycle_stays_on_one_exchange_and_needs_the_listing_between() -> None:
    other = Listing(**{**fields(listing("binance")), "name": "binance:ETHUSDT", "base": "ETH"})
    between = Listing(**{**fields(listing("binance")), "name": "binance:ETHBTC", "base": "ETH", "quote": "BTC"})
    found = KINDS["triangular"].baskets(asset(listing("binance"), other, between, listing("okx")))
    assert [[(leg.side, leg.token.name) for leg in basket.legs] for basket in found] == [
        [("buy", "binance:BTCUSDT"), ("buy", "binance:ETHBTC"), ("sell", "binance:ETHUSDT")],
        [("buy", "binance:ETHUSDT"), ("sell", "binance:ETHBTC"), ("sell", "binance:BTCUSDT")],
    ]
    assert all(basket.cycle and basket.allowed for basket in found)
    elsewhere = Listing(**{**fields(between), "name": "okx:ETHBTC"})
    assert KINDS["triangular"].baskets(asset(listing("binance"), other, elsewhere)) == ()


def fields(given: Listing) -> dict[str, Any]:
    return {name: getattr(given, name) for name in given.__struct_fields__}
