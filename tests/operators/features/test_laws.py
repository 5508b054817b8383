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
