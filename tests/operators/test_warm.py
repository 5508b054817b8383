"""The warm-up compiles everything that the steps need."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.checkout import ROOT
from tests.until import until

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


def children(of: int) -> list[int]:
    """The processes that `of` has started."""
    try:
        return [int(pid) for pid in Path(f"/proc/{of}/task/{of}/children").read_text().split()]
    except FileNotFoundError:
        return []


def runs(pid: int) -> bool:
    """Whether it has not ended; one that nobody has waited for yet has."""
    try:
        return " (zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at in /proc")
def test_nothing_goes_on_compiling_when_the_first_process_is_killed(tmp_path: Path) -> None:
    environ = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-m", "operators.warm"], cwd=ROOT, env=environ) as first:
        (half,) = until(lambda: children(first.pid))
        first.kill()
    until(lambda: not runs(half), within_s=20)
