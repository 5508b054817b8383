"""Features that TA-Lib does not have, against twins in plain numpy that are written from the formula.

A twin gives the values of one row from all bars up to it, slowly and remembering nothing.
"""

import numpy as np
import pytest
import talib

from tests.operators.features.markets import FEATURES, made, recorded


def faded(values, alpha):
    """The exponential average at the last of the values, begun with the first."""
    weights = (1 - alpha) ** np.arange(len(values) - 1, -1, -1)
    weights[1:] *= alpha
    return (weights * values).sum()


def half_life(bars):
    """The alpha of an average with that half-life."""
    return 1 - 2 ** (-1 / bars)


def amihud(bars, at):
    moved = np.abs(np.diff(np.log(bars["close"][: at + 1])))
    return (faded(1e6 * moved / bars["quote_volume"][1 : at + 1], 2 / 31),)


def autocorrelation(bars, at):
    away = np.diff(bars["close"][at - 30 : at + 1])
    away -= away.mean()
    return ((away[1:] * away[:-1]).sum() / (away**2).sum(),)


def candle(bars, at):
    open_, high, low, close = (bars[name][at] for name in ("open", "high", "low", "close"))
    if high == low:
        return 0.0, 0.0, 0.0
    return (close - open_) / (high - low), (high - max(open_, close)) / (high - low), (
        min(open_, close) - low
    ) / (high - low)  # fmt: skip


def ease_of_movement(bars, at):
    middle, span = (bars["high"] + bars["low"]) / 2, bars["high"] - bars["low"]
    eased = (np.diff(middle) * span[1:] / bars["volume"][1:])[at - 14 : at].mean()
    return (eased * bars["volume"][at - 13 : at + 1].mean() / span[at - 13 : at + 1].mean() ** 2,)


def efficiency_ratio(bars, at):
    closes = bars["close"][at - 10 : at + 1]
    return (abs(closes[-1] - closes[0]) / np.abs(np.diff(closes)).sum(),)


def force_index(bars, at):
    return (faded(np.diff(bars["close"][: at + 1]) * bars["volume"][1 : at + 1], 2 / 14),)


def gap(bars, at):
    return (100 * (bars["open"][at] - bars["close"][at - 1]) / bars["close"][at - 1],)


def garman_klass(bars, at):
    variance = np.log(bars["high"] / bars["low"]) ** 2 / 2
    variance -= (2 * np.log(2) - 1) * np.log(bars["close"] / bars["open"]) ** 2
    return (np.sqrt(faded(variance.clip(0)[: at + 1], 2 / 31)),)


def hawkes(bars, at):
    counts = bars["trades"][: at + 1]
    return (0.3 + 0.7 * faded(counts, half_life(3)) / faded(counts, half_life(30)),)


def linear_regression(bars, at):
    x, y = np.arange(20.0), bars["close"][at - 19 : at + 1]
    (slope, intercept), ((variance, _), _) = np.polyfit(x, y, 1, cov="unscaled")
    left = ((y - slope * x - intercept) ** 2).sum()
    return slope, slope / np.sqrt(variance * left / 18), 1 - left / ((y - y.mean()) ** 2).sum()


def order_flow(bars, at):
    volume, bought = bars["volume"][at - 9 : at + 1].sum(), bars["buy_volume"][at - 9 : at + 1].sum()
    return ((bought - (volume - bought)) / volume,)


def parkinson(bars, at):
    return (np.sqrt(faded(np.log(bars["high"] / bars["low"])[: at + 1] ** 2 / (4 * np.log(2)), 2 / 31)),)


def price_zscore(bars, at):
    closes = bars["close"][: at + 1]
    mean = faded(closes, 2 / 51)
    return ((closes[-1] - mean) / np.sqrt(faded((closes - mean) ** 2, 2 / 51)),)


def realised_volatility(bars, at):
    squares = np.diff(np.log(bars["close"][: at + 1])) ** 2
    fast, slow = (np.sqrt(faded(squares, half_life(bars))) for bars in (5, 30))
    return slow, fast / slow


def rogers_satchell(bars, at):
    open_, high, low, close = (bars[name][: at + 1] for name in ("open", "high", "low", "close"))
    variance = np.log(high / close) * np.log(high / open_) + np.log(low / close) * np.log(low / open_)
    return (np.sqrt(faded(variance, 2 / 31)),)


def skewness(bars, at):
    away = np.diff(bars["close"][at - 30 : at + 1])
    away -= away.mean()
    return ((away**3).mean() / (away**2).mean() ** 1.5,)


def squeeze(bars, at):
    closes, before = bars["close"][at - 19 : at + 1], bars["close"][at - 20 : at]
    high, low = bars["high"][at - 19 : at + 1], bars["low"][at - 19 : at + 1]
    true_range = np.maximum(high - low, np.maximum(np.abs(high - before), np.abs(low - before)))
    return (2 * closes.std() / (1.5 * true_range.mean()),)


def supertrend(bars, at):
    high, low, close = (bars[name][: at + 1] for name in ("high", "low", "close"))
    reach = 3 * talib.ATR(high, low, close, 10)
    lower, upper, up = -np.inf, np.inf, True
    for now in range(10, at + 1):
        middle = (high[now] + low[now]) / 2
        lower = middle - reach[now] if close[now - 1] < lower else max(lower, middle - reach[now])
        upper = middle + reach[now] if close[now - 1] > upper else min(upper, middle + reach[now])
        up = close[now] >= lower if up else close[now] > upper
    return lower if up else upper, 1.0 if up else -1.0


def swings(bars, at, reach=3):
    """Swing highs and lows known at a row: (place, price) of each."""
    high, low = bars["high"], bars["low"]
    around = [(now, slice(now - reach, now), slice(now + 1, now + reach + 1)) for now in range(reach, at - reach + 1)]
    highs = [(now, high[now]) for now, a, b in around if high[now] > high[a].max() and high[now] >= high[b].max()]
    lows = [(now, low[now]) for now, a, b in around if low[now] < low[a].min() and low[now] <= low[b].min()]
    return highs, lows


def swing_distance(bars, at):
    atr = talib.ATR(bars["high"], bars["low"], bars["close"], 14)[at]
    return tuple((bars["close"][at] - each[-1][1]) / atr for each in swings(bars, at))


def swing_momentum(bars, at):
    strength = talib.RSI(bars["close"], 14)
    divergence = pushes = 0.0
    for each, sign in zip(swings(bars, at), (-1, 1), strict=True):
        if not each or each[-1][0] != at - 3:
            continue
        # The RSI of the bars before the 15th is not known, so swings there are not compared.
        told = [swing for swing in each if swing[0] >= 15]
        row = 0
        for (one, price), (other, newer) in zip(told[-2::-1], told[:0:-1], strict=True):
            further, denied = sign * (price - newer) > 0, sign * (strength[other] - strength[one]) > 0
            if not (further and denied and other - one <= 60):
                break
            row += 1
        if row:
            divergence += strength[told[-1][0]] - strength[told[-2][0]]
            pushes += sign * row
    return divergence, pushes


def trade_size_tail(bars, at):
    recent = slice(at - 19, at + 1)
    tail = bars["largest"][at] / (bars["volume"][recent].sum() / bars["trades"][recent].sum())
    before = np.log(bars["largest"][:at])
    mean = faded(before, 2 / 51)
    return tail, (np.log(bars["largest"][at]) - mean) / np.sqrt(faded((before - mean) ** 2, 2 / 51))


def ulcer_index(bars, at):
    closes = bars["close"][at - 13 : at + 1]
    return (np.sqrt((((closes / np.maximum.accumulate(closes) - 1) * 100) ** 2).mean()),)


def volume_of_day(bars, at):
    hours = (bars["close_time_s"][: at + 1] - 1) // 3600
    sizes = np.log(bars["volume"][: at + 1])
    means = {hour: sizes[hours == hour].mean() for hour in np.unique(hours)}
    usual = np.array([np.mean([means.get(hour - 24 * day, np.nan) for day in range(1, 5)]) for hour in hours])
    away = (sizes - usual)[~np.isnan(usual)]
    return (away[-1] / np.sqrt(faded(away[:-1] ** 2, 2 / 51)),)


def volume_weighted_momentum(bars, at):
    changes, volume = np.diff(bars["close"][at - 10 : at + 1]), bars["volume"][at - 9 : at + 1]
    return (100 * np.average(changes, weights=volume) / bars["close"][at - 10],)


def volume_zscore(bars, at):
    before = np.sqrt(bars["volume"][at - 30 : at])
    return ((np.sqrt(bars["volume"][at]) - before.mean()) / before.std(),)


def vortex(bars, at):
    now, before = slice(at - 13, at + 1), slice(at - 14, at)
    walked = talib.TRANGE(bars["high"], bars["low"], bars["close"])[now].sum()
    plus = np.abs(bars["high"][now] - bars["low"][before]).sum()
    return plus / walked, np.abs(bars["low"][now] - bars["high"][before]).sum() / walked


def vwap(bars, at):
    recent = slice(at - 19, at + 1)
    return (bars["close"][at] / (bars["quote_volume"][recent].sum() / bars["volume"][recent].sum()) - 1,)


TWINS = {
    twin.__name__: twin
    for twin in (
        amihud, autocorrelation, candle, ease_of_movement, efficiency_ratio, force_index, gap, garman_klass, hawkes,
        linear_regression, order_flow, parkinson, price_zscore, realised_volatility, rogers_satchell, skewness, squeeze,
        supertrend, swing_distance, swing_momentum, trade_size_tail, ulcer_index, volume_of_day,
        volume_weighted_momentum, volume_zscore, vortex, vwap,
    )
}  # fmt: skip


@pytest.mark.parametrize("market", [made, recorded])
@pytest.mark.parametrize("name", sorted(TWINS))
def test_equals_its_formula(name, market):
    bars = market()
    ours = FEATURES[name].over(bars)
    rows = list(range(437, 1_500, 37) if market is made else range(1_500, 2_600, 37))
    theirs = np.array([TWINS[name](bars, at) for at in rows]).T
    np.testing.assert_allclose(ours[:, rows], theirs, rtol=1e-9, atol=1e-9 * np.abs(theirs).max())


def test_bars_with_missing_trades_are_no_baseline():
    bars = {"close": np.ones(40), "volume": np.tile([1.0, 4.0], 20)}
    incomplete = np.zeros(40)
    bent = {**bars, "volume": bars["volume"].copy(), "incomplete": incomplete}
    bent["volume"][20:25], incomplete[20:25] = 1e6, 1.0
    told = FEATURES["volume_zscore"].over(bent)[0, -1]
    kept = np.sqrt(np.delete(bars["volume"][9:39], np.arange(11, 16)))
    np.testing.assert_allclose(told, (2.0 - kept.mean()) / kept.std())
    incomplete[10:25] = 1.0
    assert np.isnan(FEATURES["volume_zscore"].over(bent)[0, -1])


def test_a_busy_first_bar_is_forgotten_by_the_warm_up():
    (ratio,) = FEATURES["hawkes"].over({"close": np.ones(500), "trades": np.r_[2_400.0, np.full(499, 100.0)]})
    told = ratio[~np.isnan(ratio)]
    np.testing.assert_allclose(told, 1.0, rtol=1e-3)
