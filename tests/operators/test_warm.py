"""Warming compiles what the steps will ask for."""

import subprocess
import sys

from tests.house.checkout import ROOT

ASKED = """
from domain.blocks import bars_block, names_block
from operators.catalogue import catalogue
from operators.measure import Measure
from operators.roll import Roll, RollSettings
from operators.warm import FRAMES, warm
from tests.builders import market_bars

def signatures():
    return {feature.name: feature.kernel.signatures for feature in features}

warm()
features, names = catalogue().features, ["test:A", "test:B"]
warmed = signatures()
bars = bars_block(market_bars(names, 12, FRAMES[0]))
slices, _ = Roll(RollSettings(FRAMES, 0)).on_batch([names_block(names), bars])
assert sum(each.bars.size for each in slices)
Measure(features, len(FRAMES)).on_batch(slices)
assert all(len(types) == 1 for types in warmed.values()), warmed
assert signatures() == warmed
"""


def test_features_are_warmed_for_the_arguments_that_measure_gives() -> None:
    subprocess.run([sys.executable, "-c", ASKED], cwd=ROOT, check=True)
