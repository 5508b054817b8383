"""Swings against their definition, bar by bar."""

import numpy as np
import pytest

from operators.kernels.swings import swing_highs, swing_lows

VALUES = np.random.default_rng(6).integers(0, 6, 500).astype(float)


@pytest.mark.parametrize("reach", [1, 2, 3])
def test_equals_its_definition(reach):
    highs, lows = swing_highs(VALUES, reach), swing_lows(VALUES, reach)
    assert highs.any()
    assert lows.any()
    for at in range(VALUES.size):
        before, after = VALUES[at - 2 * reach : at - reach], VALUES[at - reach + 1 : at + 1]
        told = at >= 2 * reach
        assert highs[at] == (told and VALUES[at - reach] > before.max() and VALUES[at - reach] >= after.max())
        assert lows[at] == (told and VALUES[at - reach] < before.min() and VALUES[at - reach] <= after.min())


def test_a_flat_market_has_none():
    assert not swing_highs(np.ones(20), 3).any()
    assert not swing_lows(np.ones(20), 3).any()


def test_too_few_bars_have_none():
    for count in range(7):
        assert not swing_highs(VALUES[:count], 3).any()
