"""How often volume alone would answer the pattern: what its words say, as counted."""

import numpy as np
import pyarrow.feather
import pytest

from operators.features.volume_zscore import volume_zscore
from tests.recordings import recording

LEAST = 4.5
"""Deviations at which a spike has the strength that the pattern asks for."""


def share(volume) -> float:
    """Of the bars that lie beyond."""
    score = volume_zscore.over({"close": np.ones(volume.size), "volume": volume})[0]
    return float(np.mean(score[np.isfinite(score)] > LEAST))


def test_share_of_spikes_where_nothing_happens():
    volume = np.exp(np.random.default_rng(1).normal(0, 1, 200_000))
    assert share(volume) == pytest.approx(0.007, abs=0.0005)


@pytest.mark.parametrize("symbol", ["BTC", "ETH", "SOL"])
def test_share_of_spikes_in_recorded_markets(symbol):
    table = pyarrow.feather.read_table(recording(f"bars/{symbol}_USDT-5m.feather"))
    assert 0.0125 < share(table["volume"].to_numpy()) < 0.0145
