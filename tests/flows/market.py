"""Slices of a small market, made by the engine's own steps: every kind of input of a sink."""

from functools import cache

import numpy as np

from domain.aligned import Aligned
from domain.correlation import CorrelateSettings
from domain.paper import PaperSettings
from domain.slices import GAP, Reject, Slice
from domain.vocabulary import Vocabulary
from flows.settings import EngineSettings
from flows.signals import propose_settings, roll_settings, scope, vocabulary
from operators.align import Align
from operators.catalogue import catalogue
from operators.correlate import Correlate
from operators.detect import Detect
from operators.execute import Execute
from operators.measure import Measure
from operators.propose import Propose
from operators.roll import Roll
from operators.settle import Costs, Settle
from operators.tally import Tally
from tests.builders import blocks_of, market_bars, names_in_shard

SETTINGS = EngineSettings(timeframes=("5m", "15m", "1h"), lateness_s=0.0, mtf_min_aligned=2)
WORDS: Vocabulary = vocabulary(SETTINGS)


@cache
def market(bars: int = 700, step: int = 70) -> tuple[Slice, ...]:
    """Slices of two shards, two instruments each, one of them simulated; with a gap and a reject."""
    found: list[Slice] = []
    for shard, venue in ((3, "test"), (5, "sim")):
        names = names_in_shard(2, shard, venue)
        rows = market_bars(names, bars, SETTINGS.primary, seed=shard)
        found += _concluded(blocks_of(rows, names, list(range(step, rows.size, step))))
    found.sort(key=lambda each: each.watermark)
    last = found[-1]
    last.gaps = np.array([(last.watermark, 0, 7, 11, 3, 0, 0), (last.watermark, 0, -1, -1, -1, 1, 0)], GAP)
    last.rejects.append(Reject("trades.csv", 7, "price is not a positive number", b"x,y\x00", last.watermark))
    return tuple(found)


@cache
def decided(bars: int = 700, step: int = 70) -> tuple[Aligned, ...]:
    """The same market with both shards in one order, traded on paper."""
    align = Align(len(WORDS.features), shards=2)
    correlate = Correlate(CorrelateSettings(), catalogue(), scope(SETTINGS))
    steps = (correlate, Execute(PaperSettings(), Costs()), Tally(WORDS.strategies))
    found: list[Aligned] = []
    for each in market(bars, step):
        values, _ = align.on_batch([(each.names[0], each)])
        for after in steps:
            values, _ = after.on_batch(values)
        found += values
    return tuple(found)


def _concluded(batches: list[list[bytes]]) -> list[Slice]:
    ideas, frames = catalogue(), len(SETTINGS.frames)
    steps = (
        Measure(ideas.features, frames),
        Detect(ideas.detectors, ideas.features, frames),
        Propose(ideas.strategies, ideas.detectors, ideas.features, propose_settings(SETTINGS)),
        Settle(Costs()),
    )
    roll = Roll(roll_settings(SETTINGS, from_bars=True))
    found: list[Slice] = []
    for batch in batches:
        slices, _ = roll.on_batch(batch)
        for step in steps:
            slices, _ = step.on_batch(slices)
        found += slices
    return found
