"""Recorded windows of 5-minute markets: levels with the recorded averages, and rejects for the rest."""

from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import SECOND
from domain.markets import FeeSchedule
from tests.flows.venues.decoded import decode_messages

OPENS = 1_785_136_500


def side(ask: Any, *averages: Any) -> dict[str, Any]:
    return {"ask": ask, "bid": 0.1, "ask_depth": 9.0, **dict(zip(("vwap5", "vwap20", "vwap50"), averages, strict=True))}


def window(*samples: Any, **options: Any) -> dict[str, Any]:
    return {"window_ts": OPENS, "slug": "btc-5m-1", "open_px": 1.0, "samples": list(samples), **options}


def sample(up: Any, down: Any, t: float = -30.0) -> dict[str, Any]:
    return {"offset": 30, "t": t, "spot": 1.0, "up": up, "down": down}


EMPTY = side(None, None, None, None)


def test_a_window_is_a_market_and_each_sample_two_books() -> None:
    found = decode_messages(window(sample(side(0.4, 0.4, 0.43, None), EMPTY)), received_ns=0)
    (group,) = found.groups
    (market,) = group.markets
    assert (group.kind, market.yes.outcome, market.no.name) == ("single", "Up", "polymarket:btc-5m-1-down")
    assert market.fees == FeeSchedule(kind="polymarket", rate=D("0.07"), assumed=True)
    assert market.closes_at_ns == (OPENS + 300) * SECOND
    at, up, down = (OPENS + 270) * SECOND, "polymarket:btc-5m-1-up", "polymarket:btc-5m-1-down"
    assert found.quotes == [
        (at, up, "CLEAR", 0, 0.0, 0.0),
        (at, up, "LEVEL", -1, 0.4, 5.0),
        (at, up, "LEVEL", -1, 0.44, 15.0),
        (at, up, "READY", 0, 0.0, 0.0),
        (at, down, "CLEAR", 0, 0.0, 0.0),
        (at, down, "READY", 0, 0.0, 0.0),
    ]
    assert (found.rejects, found.ignored) == ([], {})


rising = st.lists(st.integers(100, 900), min_size=4, max_size=4).map(sorted)


@given(rising)
def test_levels_have_the_recorded_averages(thousandths: list[int]) -> None:
    """Of levels of 5, 15 and 30 contracts, each at least as dear as the one before."""
    best, *prices = (D(each) / 1000 for each in thousandths)
    spent = [5 * prices[0], 5 * prices[0] + 15 * prices[1], 5 * prices[0] + 15 * prices[1] + 30 * prices[2]]
    averages = [float(cost / size) for cost, size in zip(spent, (5, 20, 50), strict=True)]
    told = decode_messages(window(sample(side(float(best), *averages), EMPTY))).quotes
    levels = [(price, size) for _, _, kind, _, price, size in told if kind == "LEVEL"]
    assert sum(size for _, size in levels) == 50
    assert sum(price * size for price, size in levels) == pytest.approx(float(spent[2]), abs=50e-4)
    assert levels == sorted(levels)


def test_an_average_under_the_best_ask_is_no_better_price() -> None:
    told = decode_messages(window(sample(side(0.5, 0.4, 0.45, None), EMPTY))).quotes
    assert [(price, size) for _, _, kind, _, price, size in told if kind == "LEVEL"] == [(0.5, 20.0)]


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        (window(slug="a b"), "window: token is missing or malformed"),
        (window(window_ts=-1), "window: timestamp is out of range"),
        (window(window_ts="x"), "window: Expected `int`, got `str` - at `$.window_ts`"),
        (window(sample(side(1.0, 1.0, 1.0, 1.0), EMPTY)), "sample: price is not between 0.0001 and 0.9999"),
        (window(sample(side(0.0, 0.0, 0.0, 0.0), EMPTY)), "sample: price is not between 0.0001 and 0.9999"),
        (window(sample(EMPTY, EMPTY, t=1e9)), "sample: time of the sample is not between -3600 and 3600"),
        (window({"t": 1}), "sample: Object missing required field `up`"),
    ],
)
def test_invalid_windows_are_rejected(given_: Any, said: str) -> None:
    found = decode_messages(given_)
    assert (found.rejects, found.quotes) == ([said], [])
