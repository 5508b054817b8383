"""What counts as known."""

import numpy as np
import pytest

from domain.statistics.sample import known


def test_unknown_values_are_left_out_and_the_rest_keep_their_order() -> None:
    assert known([np.nan, 2.0, np.nan, -1.0]).tolist() == [2.0, -1.0]


def test_an_infinite_value_is_named() -> None:
    with pytest.raises(ValueError, match="value 1 of the sample is inf"):
        known([1.0, np.inf])
