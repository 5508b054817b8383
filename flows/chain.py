"""Chain: the per-shard stages of the dataflow as plain objects, run without Bytewax.

For audits, benchmarks and tests: the stages give the same results with and without the runtime.
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
"""Creates a stage, from a snapshot or empty."""


def factories(settings: EngineSettings, *, from_bars: bool, ideas: Catalogue | None = None) -> list[Factory]:
    """Factories of the per-shard stages, in the order of the dataflow.

    Parameters
    ----------
    settings
        Settings of the engine.
    from_bars
        Whether the input is closed bars.
    ideas
        Catalogue entries to apply; all if None.
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


def build(factories: Sequence[Factory]) -> list[Stage]:
    """Create the stages, with empty state."""
    return [factory(None) for factory in factories]


def run(stages: Sequence[Stage], batches: Iterable[Sequence[bytes]]) -> list[Slice]:
    """Feed batches of blocks into the first stage and return the output of the last."""
    out: list[Slice] = []
    for batch in batches:
        items: list[Any] = list(batch)
        for stage in stages:
            items = list(stage.on_batch(items)[0]) if items else []
        out += items
    return out
