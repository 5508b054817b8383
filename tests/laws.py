"""The laws every stage of the chain keeps, and the means to put one to the test without a runtime."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from domain.frames import Frame
from domain.slices import CANDIDATE, EVENT, Slice
from flows.sinks.tally import FAMILIES, canonical
from operators.catalogue import catalogue
from operators.detect import Detect
from operators.measure import Measure
from operators.propose import Propose, ProposeSettings
from operators.roll import Roll, RollSettings
from operators.settle import Costs, Settle

Stage = Any
Factory = Callable[[bytes | None], Stage]


def chain(
    frames: tuple[Frame, ...], *, from_bars: bool, primary: int = 0, quiet_ns: int | None = None
) -> list[Factory]:
    """Factories of the stages of the recipe, first to last; each takes a snapshot or None."""
    ideas = catalogue()
    settings = RollSettings(
        frames,
        lateness_ns=0 if from_bars else 1_000_000_000,
        partial_first=not from_bars,
        **({} if quiet_ns is None else {"quiet_ns": quiet_ns}),
    )
    proposing = ProposeSettings(frames, primary)
    return [
        lambda resume: Roll(settings, resume),
        lambda resume: Measure(ideas.features, len(frames), resume),
        lambda resume: Detect(ideas.detectors, ideas.features, len(frames), resume),
        lambda resume: Propose(ideas.strategies, ideas.detectors, ideas.features, proposing, resume),
        lambda resume: Settle(Costs(), resume),
    ]


def run(stages: Sequence[Stage], batches: Sequence[Sequence[Any]]) -> list[Slice]:
    """What comes out of the last stage."""
    out: list[Slice] = []
    for batch in batches:
        items: list[Any] = list(batch)
        for stage in stages:
            items, _ = stage.on_batch(items) if items else ([], False)
        out += items
    return out


def concluded(slices: Sequence[Slice]) -> dict[str, bytes]:
    """All conclusions, a byte string a kind, however they were cut into Slices."""
    return {family: b"".join(canonical(getattr(each, family)) for each in slices) for family in FAMILIES}


def totals(slices: Sequence[Slice]) -> tuple[int, ...]:
    """Sums of what was counted."""
    counts = [each.counts for each in slices]
    return tuple(
        sum(getattr(count, name) for count in counts) for name in ("accepted", "duplicates", "late", "rejects")
    )


def is_prefix(head: dict[str, bytes], whole: dict[str, bytes]) -> list[str]:
    """The kinds of conclusions in which `head` does not begin `whole`."""
    return [family for family in FAMILIES if not whole[family].startswith(head[family])]


def by_idea(slices: Sequence[Slice]) -> dict[str, np.ndarray]:
    """Conclusions idea by idea: feature columns, events of each detector, candidates of each strategy."""
    ideas = catalogue()
    found: dict[str, np.ndarray] = {}
    features = np.concatenate([np.empty((len(ideas.columns), 0)), *(each.features for each in slices)], axis=1)
    for at, name in enumerate(ideas.columns):
        found[f"feature {name}"] = features[at]
    events = np.concatenate([np.empty(0, EVENT), *(each.events for each in slices)])
    for at, detector in enumerate(ideas.detectors):
        found[f"detector {detector.name}"] = np.frombuffer(canonical(events[events["detector"] == at]), "u1")
    candidates = np.concatenate([np.empty(0, CANDIDATE), *(each.candidates for each in slices)])
    for at, strategy in enumerate(ideas.strategies):
        mine = candidates[candidates["strategy"] == at]
        found[f"strategy {strategy.name}"] = np.frombuffer(canonical(mine), "u1")
    return found
