"""Swings against their definition, bar by bar."""

import numpy as np
import pytest

from operators.kernels import kernel
from operators.kernels.swings import swing_highs, swing_lows

VALUES = np.random.default_rng(6).integers(0, 6, 1_200).astype(float)


@kernel
def both(values, at, reach, out):
    swing_highs(values, at, reach, out[0])
    swing_lows(values, at, reach, out[1])


def swings(values, reach):
    """Of all places that have enough before them."""
    at = np.arange(2 * reach, values.size)
    out = np.empty((2, at.size))
    both(values, at, reach, out)
    return out


@pytest.mark.parametrize("reach", [1, 2, 3])
def test_equals_its_definition(reach):
    highs, lows = [], []
    for middle in range(reach, VALUES.size - reach):
        before, after = VALUES[middle - reach : middle], VALUES[middle + 1 : middle + reach + 1]
        high = VALUES[middle] > before.max() and VALUES[middle] >= after.max()
        low = VALUES[middle] < before.min() and VALUES[middle] <= after.min()
        highs.append(VALUES[middle] if high else np.nan)
        lows.append(VALUES[middle] if low else np.nan)
    told = swings(VALUES, reach)
    assert (~np.isnan(told)).any(axis=1).all()
    np.testing.assert_array_equal(told, [highs, lows])


def test_a_flat_market_has_none():
    assert np.isnan(swings(np.ones(20), 3)).all()
