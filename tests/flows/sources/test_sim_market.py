import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.sources.sim_market import MINUTES, SymbolMarket

names = st.sampled_from(["BTCUSDT", "DOGEUSDT", "XYZ"])
days = st.integers(1, 3_000)


@settings(max_examples=25)
@given(seed=st.integers(0, 9), symbol=names, rate=st.floats(0.01, 5.0), number=days)
def test_days_join_and_keep_within_bounds(seed: int, symbol: str, rate: float, number: int) -> None:
    market = SymbolMarket(seed, symbol, rate)
    today, tomorrow = market.day(number), market.day(number + 1)
    assert today.log_price.shape == (MINUTES + 1,)
    np.testing.assert_allclose(today.log_price[-1], tomorrow.log_price[0], rtol=1e-12)
    assert today.first_id + int(today.trades.sum()) == tomorrow.first_id
    assert today.trades.min() >= 0
    assert np.all(today.sd > 0)
    assert np.all(np.abs(today.imbalance) < 1)
    assert np.all(np.abs(today.log_price - np.log(market.base_price)) < 4)


@settings(max_examples=10)
@given(symbol=names, number=days)
def test_a_day_does_not_depend_on_earlier_calls(symbol: str, number: int) -> None:
    one, other = SymbolMarket(1, symbol, 1.0), SymbolMarket(1, symbol, 1.0)
    for each in (number + 5, number - 1):
        other.day(each)
    for name in ("log_price", "sd", "imbalance", "trades", "first_id"):
        np.testing.assert_array_equal(getattr(one.day(number), name), getattr(other.day(number), name))


def test_another_seed_is_another_market() -> None:
    one, other = (SymbolMarket(seed, "BTCUSDT", 1.0).day(1_500).log_price for seed in (1, 2))
    assert not np.any(one == other)


def test_predictability_follows_the_edge() -> None:
    def told_by_the_past(edge: float) -> tuple[float, float]:
        """Correlation of an hour's return with that of the hour before, of a minute's with takers before it."""
        days = [SymbolMarket(2, "BTCUSDT", 1.0, edge).day(day) for day in range(1_400, 1_460)]
        hours = np.concatenate([np.diff(day.log_price[::60]) for day in days])
        minutes, imbalance = (
            np.concatenate(each) for each in zip(*((np.diff(d.log_price), d.imbalance) for d in days), strict=True)
        )
        hours = np.clip(hours, -0.02, 0.02)  # jumps say nothing
        return np.corrcoef(hours[1:], hours[:-1])[0, 1], np.corrcoef(imbalance[:-1], minutes[1:])[0, 1]

    nothing, usual, much = (told_by_the_past(edge) for edge in (0.0, 1.0, 2.0))
    assert max(map(abs, nothing)) < 0.06
    assert all(0.15 < each < 0.35 for each in usual)
    assert min(much) > 0.33


def test_the_market_has_realistic_statistics() -> None:
    sample = range(1_400, 1_440)
    returns = {
        symbol: np.concatenate([np.diff(SymbolMarket(1, symbol, 1.0).day(day).log_price) for day in sample])
        for symbol in ("BTCUSDT", "ETHUSDT")
    }
    one, other = returns.values()
    assert 0.0005 < one.std() < 0.003
    # Fat tails, volatility that clusters, no echo in the returns, a common factor.
    assert np.mean((one / one.std()) ** 4) > 6
    assert np.corrcoef(np.abs(one[1:]), np.abs(one[:-1]))[0, 1] > 0.1
    assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 0.1
    assert 0.2 < np.corrcoef(one, other)[0, 1] < 0.9
    # Takers imbalance with the minute they are in, and a little with the next.
    days = [SymbolMarket(1, "BTCUSDT", 1.0).day(day) for day in sample]
    imbalance = np.concatenate([day.imbalance for day in days])
    assert np.corrcoef(imbalance, one)[0, 1] > 0.1
    assert np.corrcoef(imbalance[:-1], one[1:])[0, 1] > 0.05
    # More trades when the market moves.
    trades = np.concatenate([day.trades for day in days])
    assert np.corrcoef(trades, np.concatenate([day.sd for day in days]))[0, 1] > 0.2
