"""The regime against a twin that keeps everything, and the rules of its states."""

import numpy as np
import pytest

from tests.operators.features.markets import FEATURES, made, recorded

REGIME = FEATURES["regime"]


def ranks(volatility):
    """Each value's rank among those before it, whose weight halves every 100 bars."""
    places = (np.log10(np.maximum(volatility, 1e-6) / 1e-6) * 16 - 0.5).clip(0, 95)
    bins = np.floor(places + 0.5).astype(int)
    out = np.full(volatility.size, 0.5)
    for now in range(1, volatility.size):
        weights = 2.0 ** (np.arange(1 - now, 1) / 100)
        seen = np.bincount(bins[:now], weights, minlength=97)
        under_middle = np.concatenate([[0.0], np.cumsum(seen)[:-1]]) + seen / 2
        out[now] = np.interp(places[now], np.arange(97), under_middle) / weights.sum()
    return out


def twin(close):
    """States and ranks from the wording of the rules."""
    returns = np.diff(np.log(close))
    mean = np.zeros(returns.size)
    spread = np.zeros(returns.size)
    for now in range(returns.size):
        weights = (1 - 2 / 31) ** np.arange(now, -1, -1) * 2 / 31
        # The average begins at 0, which is as if all returns before the first had been 0.
        mean[now] = (weights * returns[: now + 1]).sum()
        spread[now] = (weights * (returns[: now + 1] - mean[now]) ** 2).sum() + (1 - weights.sum()) * mean[now] ** 2
    rank = ranks(np.sqrt(spread))
    lean = mean / np.sqrt(spread / 30)
    states = []
    volatility, trend, volatility_age, trend_age = 1, 0, 0, 0
    for now in range(returns.size):
        closes = close[max(0, now - 19) : now + 2]
        way = (closes[-1] - closes[0]) / np.abs(np.diff(closes)).sum() if closes.size == 21 else 0.0
        volatility_age, trend_age = volatility_age + 1, trend_age + 1
        wish = volatility
        if rank[now] < 0.28:
            wish = 0
        elif rank[now] > 0.85:
            wish = 2
        elif 0.38 < rank[now] < 0.75:
            wish = 1
        if wish != volatility and volatility_age >= 10:
            volatility, volatility_age = wish, 0
        wish = trend if trend * lean[now] >= 0.5 else 0
        if abs(lean[now]) >= 1.5 and way * np.sign(lean[now]) >= 0.3:
            wish = int(np.sign(lean[now]))
        if wish != trend and trend_age >= 10:
            trend, trend_age = wish, 0
        states.append((volatility, trend, rank[now]))
    return np.array(states).T


@pytest.mark.parametrize("market", [made, recorded])
def test_equals_its_rules(market):
    bars = {name: column[:1_500] for name, column in market().items()}
    ours = REGIME.over(bars, warm=False)[:, 20:]
    theirs = twin(bars["close"])[:, 19:]
    np.testing.assert_array_equal(ours[:2], theirs[:2])
    np.testing.assert_allclose(ours[2], theirs[2], rtol=0, atol=1e-9)


@pytest.mark.parametrize("market", [made, recorded])
def test_every_state_comes_and_lasts_ten_bars(market):
    bars = market()
    volatility, trend, _ = REGIME.over(bars, warm=False)[:, 20:]
    assert set(volatility) == {0.0, 1.0, 2.0}
    assert set(trend) == {-1.0, 0.0, 1.0}
    for states in (volatility, trend):
        changes = np.flatnonzero(np.diff(states))
        assert changes.size > 3
        assert np.diff(changes).min() >= 10


def test_a_livelier_market_becomes_high_and_then_its_normal():
    rng = np.random.default_rng(3)
    scale = np.repeat([0.001, 0.003], [1_400, 1_200])
    volatility = REGIME.over({"close": 100 * np.exp(np.cumsum(scale * rng.standard_normal(2_600)))})[0]
    assert (volatility[1_440:1_460] == 2).all()
    assert np.isin(volatility[2_100:], (0, 1)).mean() > 0.5


def test_the_rank_does_not_depend_on_the_price():
    closes = made()["close"]
    one, two = (REGIME.over({"close": closes * factor})[2, 1_200:] for factor in (1.0, 1024.0))
    np.testing.assert_allclose(one, two, rtol=0, atol=1e-9)
