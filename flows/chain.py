"""The chain of one shard without a runtime: the same stages as the recipe, driven by hand.

For audits, benchmarks and tests: what the stages conclude does not depend on who drives them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from domain.frames import Frame
from domain.slices import Slice
from flows.settings import EngineSettings
from flows.signals import propose_settings, roll_settings
from operators.catalogue import Catalogue, catalogue
from operators.detect import Detect
from operators.measure import Measure
from operators.propose import Propose
from operators.roll import Roll
from operators.settle import Costs, Settle

Stage = Any
"""A state machine with `on_batch`, `on_eof` and `snapshot`."""
Factory = Callable[[bytes | None], Stage]
"""Makes a stage, from a snapshot or anew."""


def factories(settings: EngineSettings, *, from_bars: bool, ideas: Catalogue | None = None) -> list[Factory]:
    """The stages of the recipe, first to last.

    Parameters
    ----------
    settings
        What decides the output.
    from_bars
        Whether the input is closed bars.
    ideas
        The ideas to apply; all there are if None.
    """
    applied = ideas or catalogue()
    frames: tuple[Frame, ...] = settings.frames
    rolling, proposing = roll_settings(settings, from_bars=from_bars), propose_settings(settings)
    costs = Costs(settings.fee_bps, settings.slippage_bps)
    return [
        lambda resume: Roll(rolling, resume),
        lambda resume: Measure(applied.features, len(frames), resume),
        lambda resume: Detect(applied.detectors, applied.features, len(frames), resume),
        lambda resume: Propose(applied.strategies, applied.detectors, applied.features, proposing, resume),
        lambda resume: Settle(costs, resume),
    ]


def build(made: Sequence[Factory]) -> list[Stage]:
    """New stages."""
    return [make(None) for make in made]


def run(stages: Sequence[Stage], batches: Iterable[Sequence[bytes]]) -> list[Slice]:
    """What comes out of the last stage when batches of blocks go into the first."""
    out: list[Slice] = []
    for batch in batches:
        items: list[Any] = list(batch)
        for stage in stages:
            items = list(stage.on_batch(items)[0]) if items else []
        out += items
    return out
