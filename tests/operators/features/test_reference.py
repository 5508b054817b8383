"""Features against the spreadsheets of bukosabino/ta, which give input and output to so many digits."""

import csv

import numpy as np
import pytest

from tests.operators.features.markets import FEATURES
from tests.recordings import recording

GIVEN = [
    # feature, file, columns of the bars, columns of the result, digits
    ("ease_of_movement", "cs-easeofmovement", {"high": "High", "low": "Low", "volume": "Volume"}, ["SMA_EMV"], 9),
    ("force_index", "cs-fi", {"close": "Close", "volume": "Volume"}, ["FI"], 5),
    ("ulcer_index", "cs-ui", {"close": "Close"}, ["ulcer_index"], 9),
    ("ultimate_oscillator", "cs-ultosc", {"high": "High", "low": "Low", "close": "Close"}, ["Ult_Osc"], 5),
    ("vortex", "cs-vortex", {"high": "High", "low": "Low", "close": "Close"}, ["+VI14", "-VI14"], 5),
    ("williams_r", "cs-percentr", {"high": "High", "low": "Low", "close": "Close"}, ["Williams_%R"], 5),
]


@pytest.mark.parametrize(("name", "file", "inputs", "results", "digits"), GIVEN, ids=[row[0] for row in GIVEN])
def test_equals_the_spreadsheet(name, file, inputs, results, digits):
    with recording(f"reference/bukosabino_ta/{file}.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    sheet = {title: np.array([float(row[title] or "nan") for row in rows]) for title in [*inputs.values(), *results]}
    bars = {column: sheet[title] for column, title in inputs.items()}
    ours = FEATURES[name].over({"close": np.ones(len(rows)), **bars}, warm=False)
    for column, title in zip(ours, results, strict=True):
        told = ~np.isnan(sheet[title])
        assert told.any()
        np.testing.assert_allclose(column[told], sheet[title][told], rtol=0, atol=10.0**-digits)
