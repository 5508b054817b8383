"""Laws that every feature keeps; a new one is taken up by itself."""

import numpy as np
import pytest

from operators.features import tape_of
from tests.operators.features.markets import FEATURES, flat, made, recorded, rough
from tests.operators.features.test_formulas import TWINS
from tests.operators.features.test_talib import ORACLES


def test_every_feature_has_an_oracle():
    assert set(FEATURES) == set(ORACLES) | set(TWINS) | {"regime"}  # tests/operators/features/test_regime.py


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_keeps_its_promises(name):
    feature = FEATURES[name]
    values = feature.over(made())
    assert values.shape == (len(feature.columns), 1_500)
    assert np.isnan(values[:, : feature.warmup - 1]).all(), "speaks before it is warm"
    warm = values[:, feature.warmup - 1 :]
    assert not np.isnan(warm).any()
    assert ((warm >= feature.low) & (warm <= feature.high)).all()
    assert feature.unit
    assert feature.doc.endswith(".")


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_a_flat_market_gives_finite_values(name):
    feature = FEATURES[name]
    assert np.isfinite(feature.over(flat())[:, feature.warmup - 1 :]).all()


@pytest.mark.parametrize("name", sorted(name for name in FEATURES if "price" not in FEATURES[name].unit))
def test_a_market_at_rest_looks_the_same_at_every_price(name):
    """Sums of equal prices round, and what is left is no move."""
    told = []
    for price in (4.0, 0.11, 0.49, 65_159.3008):
        bars = {**flat(), **dict.fromkeys(("open", "high", "low", "close"), np.full(1_500, price))}
        told.append(FEATURES[name].over({**bars, "quote_volume": bars["volume"] * price})[:, -1])
    np.testing.assert_allclose(told[1:], [told[0]] * 3, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e9])
@pytest.mark.parametrize("name", sorted(FEATURES))
def test_no_market_gives_infinity_or_leaves_the_range(name, scale):
    feature = FEATURES[name]
    for seed in range(3):
        values = feature.over(rough(seed, scale, 3_000))
        assert not np.isinf(values).any()
        told = values[~np.isnan(values)]
        assert told.size
        assert (told >= feature.low - 1e-9).all()
        assert (told <= feature.high + 1e-9).all()


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_the_tape_may_begin_as_far_before_the_first_bar_as_it_looks_back(name):
    feature, bars = FEATURES[name], made()
    tape = tape_of(bars, feature.lookback - 1)
    rows = np.arange(bars["close"].size)
    out, state = np.empty((len(feature.columns), rows.size)), np.zeros((1, feature.state))
    feature.kernel(tape, rows + feature.lookback - 1, rows + 1, np.zeros_like(rows), state, out)
    out[:, : feature.lookback - 1] = np.nan
    np.testing.assert_array_equal(out, feature.over(bars, warm=False))


@pytest.mark.parametrize("name", sorted(FEATURES))
@pytest.mark.parametrize("size", [1, 3, 64])
def test_no_cut_of_the_rows_changes_a_bit(name, size):
    feature, bars = FEATURES[name], {column: values[:400] for column, values in made().items()}
    tape, at = tape_of(bars, feature.lookback), np.arange(400) + feature.lookback
    out, state = np.empty((len(feature.columns), 400)), np.zeros((1, feature.state))
    for row in range(0, 400, size):
        part = at[row : row + size]
        told = out[:, row : row + size]
        feature.kernel(tape, part, part - feature.lookback + 1, np.zeros_like(part), state, told)
    out[:, : feature.lookback - 1] = np.nan
    np.testing.assert_array_equal(out, feature.over(bars, warm=False))


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_a_new_instrument_in_the_lane_begins_anew(name):
    feature = FEATURES[name]
    twice = {name: np.tile(column, 2) for name, column in made().items()}
    tape, count = tape_of(twice, feature.lookback), twice["close"].size // 2
    out = np.full((len(feature.columns), 2 * count), np.nan)
    at, seen = np.arange(2 * count) + feature.lookback, np.tile(np.arange(1, count + 1), 2)
    feature.kernel(tape, at, seen, np.zeros(2 * count, np.int64), np.zeros((1, feature.state)), out)
    known = slice(feature.lookback - 1, count)
    np.testing.assert_array_equal(out[:, :count][:, known], out[:, count:][:, known])


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_its_first_value_no_longer_depends_on_where_the_history_begins(name):
    feature = FEATURES[name]
    bars = recorded()
    whole = feature.over(bars)
    usual = np.nanpercentile(np.abs(whole - np.nanmedian(whole, axis=1, keepdims=True)), 75, axis=1)
    off = []
    for start in range(700, 6_000, 250):
        late = feature.over({column: values[start:] for column, values in bars.items()})
        first = np.isnan(late).any(axis=0).argmin()
        off.append(np.abs(late[:, first] - whole[:, start + first]))
    assert (np.median(off, axis=0) <= 0.01 * usual).all()
