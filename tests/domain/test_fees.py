"""Exact fees, against the venues' own examples."""

from decimal import Decimal as D

import pytest

from domain.fees import highest, marginal_fee, order_fee
from domain.markets import FeeSchedule

KALSHI = FeeSchedule(kind="kalshi")


def polymarket(rate: str) -> FeeSchedule:
    return FeeSchedule(kind="polymarket", rate=D(rate))


@pytest.mark.parametrize(
    ("schedule", "price", "size", "fee"),
    [
        (polymarket("0.07"), "0.64", "25", "0.4032"),  # seen on chain
        (polymarket("0"), "0.5", "1000", "0"),  # geopolitics
        (KALSHI, "0.43", "100", "1.72"),  # Kalshi's own examples
        (KALSHI, "0.35", "100", "1.60"),
        (KALSHI, "0.50", "1", "0.02"),
        (FeeSchedule(kind="kalshi", multiplier=D(0)), "0.50", "100", "0"),
        (FeeSchedule(kind="kalshi", multiplier=D("0.5")), "0.43", "100", "0.86"),
        (FeeSchedule(kind="notional", rate=D("0.001")), "60000", "0.5", "30"),
        (FeeSchedule(kind="none"), "0.5", "10", "0"),
    ],
)
def test_one_fill(schedule: FeeSchedule, price: str, size: str, fee: str) -> None:
    assert order_fee(schedule, [(D(price), D(size))]) == D(fee)


def test_polymarket_rounds_each_fill_and_kalshi_the_order() -> None:
    fills = [(D("0.43"), D("0.3")), (D("0.44"), D("0.3"))]
    assert order_fee(polymarket("0.04"), fills) == D("0.00294") + D("0.00296")
    assert order_fee(KALSHI, fills) == D("0.02"), "0.0103177 is one cent begun"
    assert order_fee(KALSHI, []) == 0


@pytest.mark.parametrize(
    ("size", "fee"),
    [("0.000999", "0"), ("0.001", "0.00001"), ("0.001499", "0.00001"), ("0.0015", "0.00002")],
)
def test_the_smallest_fee_of_polymarket(size: str, fee: str) -> None:
    assert order_fee(polymarket("0.04"), [(D("0.5"), D(size))]) == D(fee), "a contract costs 0.01"


@pytest.mark.parametrize(("rate", "below"), [("0.04", "0.980"), ("0.05", "0.975"), ("0.07", "0.965")])
def test_two_legs_at_a_half_break_even(rate: str, below: str) -> None:
    assert 1 - 2 * marginal_fee(polymarket(rate), D("0.5")) == D(below)


@pytest.mark.parametrize(
    ("price", "low", "high"), [("0.1", "0.0099", "0.0108"), ("0.3", "0.0231", "0.0252"), ("0.5", "0.0275", "0.03")]
)
def test_a_pair_across_venues_breaks_even(price: str, low: str, high: str) -> None:
    both = [marginal_fee(polymarket(rate), D(price)) + marginal_fee(KALSHI, D(price)) for rate in ("0.04", "0.05")]
    assert both == [D(low), D(high)]


def test_buying_all_no_of_five_answers_keeps_two_fifths_of_its_edge() -> None:
    """YES bids .40, .25, .20, .12 and .08 sum to 1.05; of the gross .05 a set, fees take 60 %."""
    prices = [1 - D(bid) for bid in ("0.40", "0.25", "0.20", "0.12", "0.08")]
    fees = sum(marginal_fee(polymarket("0.04"), price) for price in prices)
    assert sum(prices) == D("3.95")
    assert fees == D("0.030668")
    assert 4 - sum(prices) - fees == D("0.019332")


@pytest.mark.parametrize(("venue", "kind"), [("polymarket", "polymarket"), ("kalshi", "kalshi"), ("okx", "notional")])
def test_unknown_fee_schedule_is_the_highest_and_marked_as_assumed(venue: str, kind: str) -> None:
    schedule = highest(venue)
    assert schedule.kind == kind
    assert schedule.assumed
    assert marginal_fee(schedule, D("0.5")) >= D("0.005")
