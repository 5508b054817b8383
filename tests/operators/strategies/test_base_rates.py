"""How often strategies propose on real 5m bars: each does, and none so often that it chooses nothing."""

import numpy as np
import pytest

from operators.catalogue import catalogue
from tests.operators.histories import SYMBOLS, history

NUMBERS = {strategy.name: at for at, strategy in enumerate(catalogue().strategies)}


def test_there_are_enough_strategies():
    assert len(NUMBERS) >= 7


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_proposes_both_ways_but_on_few_bars(name, symbol):
    found = history(symbol)
    mine = found.candidates[found.candidates["strategy"] == NUMBERS[name]]
    assert set(mine["direction"]) == {-1, 1}
    assert mine.size < 0.02 * found.bars[0]
    assert ((mine["confidence"] > 0.0) & (mine["confidence"] < 1.0)).all()
    above, below = mine["take_profit"] - mine["entry_price"], mine["stop_loss"] - mine["entry_price"]
    np.testing.assert_array_equal(np.sign(above), mine["direction"])
    np.testing.assert_array_equal(np.sign(below), -mine["direction"].astype(float))
