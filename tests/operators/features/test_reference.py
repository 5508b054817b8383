"""Features against the spreadsheets of bukosabino/ta, which give input and output to so many digits."""

import csv

import numpy as np
import pytest

from tests.operators.features.markets import FEATURES
from tests.recordings import recording

GIVEN = [
    # feature, file, columns of the bars, columns of the result, digits
    ("force_index", "cs-fi", {"close": "Close", "volume": "Volume"}, ["FI"], 5),
    ("ulcer_index", "cs-ui", {"close": "Close"}, ["ulcer_index"], 9),
    ("ultimate_oscillator", "cs-ultosc", {"high": "High", "low": "Low", "close": "Close"}, ["Ult_Osc"], 5),
    ("vortex", "cs-vortex", {"high": "High", "low": "Low", "close": "Close"}, ["+VI14", "-VI14"], 5),
    ("williams_r", "cs-percentr", {"high": "High", "low": "Low", "close": "Close"}, ["Williams_%R"], 5),
]


def sheet_of(file, titles):
    with recording(f"reference/bukosabino_ta/{file}.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    return {title: np.array([float(row[title] or "nan") for row in rows]) for title in titles}


@pytest.mark.parametrize(("name", "file", "inputs", "results", "digits"), GIVEN, ids=[row[0] for row in GIVEN])
def test_equals_the_spreadsheet(name, file, inputs, results, digits):
    sheet = sheet_of(file, [*inputs.values(), *results])
    bars = {column: sheet[title] for column, title in inputs.items()}
    ours = FEATURES[name].over({"close": np.ones(sheet[results[0]].size), **bars}, warm=False)
    for column, title in zip(ours, results, strict=True):
        told = ~np.isnan(sheet[title])
        assert told.any()
        np.testing.assert_allclose(column[told], sheet[title][told], rtol=0, atol=10.0**-digits)


def test_ease_of_movement_on_its_own_scale_equals_the_spreadsheet():
    sheet = sheet_of("cs-easeofmovement", ["High", "Low", "Volume", "SMA_EMV"])
    high, low, volume = sheet["High"], sheet["Low"], sheet["Volume"]
    ours = FEATURES["ease_of_movement"].over({"close": high, "high": high, "low": low, "volume": volume})[0]
    told = ~np.isnan(sheet["SMA_EMV"])
    assert told.any()
    spans, volumes = (np.convolve(each, np.ones(14), "full")[: high.size] / 14 for each in (high - low, volume))
    np.testing.assert_allclose((1e8 * ours * spans**2 / volumes)[told], sheet["SMA_EMV"][told], rtol=0, atol=1e-9)
