"""Warm-up: compile every kernel ahead of time, so that the first bars are not delayed. `python -m operators.warm`

Compilation takes about a minute on a slow machine and is done once: the result is cached in `NUMBA_CACHE_DIR`, or
next to the sources.
"""

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from domain.blocks import NO_ID, TRADE, bars_block, names_block, trades_block
from domain.clock import DAY, MINUTE
from domain.correlation import CorrelateSettings
from domain.frames import parse_frames
from domain.instruments import instrument_id
from domain.paper import PaperSettings
from domain.scoring import ScoreSettings
from domain.slices import BAR
from operators.align import Align
from operators.catalogue import catalogue
from operators.correlate import Correlate, Scope
from operators.detect import Detect
from operators.execute import Execute
from operators.features import Feature
from operators.kernels.compile_cache import COMPILED, digest_of
from operators.measure import Measure
from operators.propose import Propose, ProposeSettings
from operators.relate import Relate
from operators.roll import Roll, RollSettings
from operators.score import Score
from operators.settle import Costs, Settle
from operators.tally import Tally
from operators.warm_prediction import warm_prediction

ALL = COMPILED / "all"
"""Marker file with the digest of the sources that were compiled completely."""
HALF = "half"
_SOURCES = digest_of(Path(__file__))
FRAMES = parse_frames(("1m", "5m"))


def warm() -> None:
    """Compile all kernels; with a cold cache, half of them in a second process."""
    with gc_disabled():
        with _second_process():
            warm_recipe()
            # The second process compiles in the opposite order; where the two meet, the cache is used.
            warm_features(catalogue().features[::-1])
        warm_prediction()
    with suppress(OSError):  # without a writable cache, kernels are compiled again
        ALL.write_text(_SOURCES)


def warm_half() -> None:
    """Compile the second half in a child process, which exits when its parent closes its standard input."""
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    with gc_disabled():
        warm_prediction()
        warm_features(catalogue().features)


@contextmanager
def _second_process() -> Iterator[None]:
    if not COMPILED.is_dir() or (ALL.is_file() and ALL.read_text() == _SOURCES):
        yield
        return
    with subprocess.Popen([sys.executable, "-m", "operators.warm", HALF], stdin=subprocess.PIPE) as half:
        yield
        half.wait()


def _exit_with_parent() -> None:
    os.read(0, 1)  # nothing is ever written: it returns at end of file
    os._exit(1)


@contextmanager
def gc_disabled() -> Iterator[None]:
    """Disable garbage collection: numba makes millions of long-lived objects; collecting takes 1/12 of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def warm_features(features: tuple[Feature, ...]) -> None:
    """Compile features for the argument types that `Measure` passes."""
    for feature in features:
        feature.over({"close": np.ones(feature.lookback)})


def warm_recipe() -> None:
    """Run each step once over a few trades and a few bars."""
    ideas, frames, name = catalogue(), FRAMES, "warm:UP"
    half_lives = {each.name: each.half_life_ns(frames[1].length_ns) for each in ideas.strategies}
    trades = np.zeros(12, TRADE)
    trades["ts"], trades["instrument"] = np.arange(12) * MINUTE, instrument_id(name)
    trades["price"], trades["size"], trades["id"] = np.linspace(1.0, 2.0, 12), 1.0, NO_ID
    bars = np.zeros(12, BAR)
    bars["open_time"], bars["instrument"] = np.arange(12) * MINUTE, instrument_id(name)
    bars["close_time"] = bars["open_time"] + MINUTE
    for column in ("open", "high", "low", "close", "volume"):
        bars[column] = 1.0
    for block, lateness_ns in ((trades_block(trades), MINUTE // 60), (bars_block(bars), 0)):
        rolled = Roll(RollSettings(frames, lateness_ns)).on_batch([names_block([name]), block])[0]
        Measure(ideas.features[:1], len(frames)).on_batch(rolled)
        slices = [replace(each, features=np.full((len(ideas.columns), each.bars.size), np.nan)) for each in rolled]
        for step in (
            Detect(ideas.detectors, ideas.features, len(frames)),
            Propose(ideas.strategies, ideas.detectors, ideas.features, ProposeSettings(frames, 1)),
            Settle(Costs()),
        ):
            slices = step.on_batch(slices)[0]
        aligned = Align(len(ideas.columns), shards=1).on_batch([("", each) for each in slices])[0]
        for after in (
            Relate(frames, "UP"),
            Score(ScoreSettings(), half_lives, ideas.columns, primary=1, cost=0.0, quiet_ns=3 * DAY),
            Correlate(CorrelateSettings(), ideas, Scope(1, frames[1].length_ns, quiet_ns=DAY)),
            Execute(PaperSettings(), Costs()),
            Tally(tuple(s.name for s in ideas.strategies)),
        ):
            aligned = after.on_batch(aligned)[0]


if __name__ == "__main__":
    warm_half() if HALF in sys.argv else warm()
