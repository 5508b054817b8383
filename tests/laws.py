"""The laws every stage of the chain keeps, and the means to put one to the test without a runtime."""

from collections.abc import Sequence

import numpy as np

from domain.frames import Frame
from domain.slices import CANDIDATE, EVENT, Slice
from flows.chain import Factory, factories
from flows.settings import EngineSettings
from flows.sinks.tally import FAMILIES
from operators.catalogue import catalogue
from tests.naive import canonical


def chain(
    frames: tuple[Frame, ...], *, from_bars: bool, primary: str | None = None, quiet_h: float = 72.0
) -> list[Factory]:
    """Factories of the stages of the recipe, first to last; each takes a snapshot or None."""
    settings = EngineSettings(
        timeframes=tuple(frame.name for frame in frames),
        primary_timeframe=primary or frames[0].name,
        lateness_s=0.0 if from_bars else 1.0,
        quiet_h=quiet_h,
    )
    return factories(settings, from_bars=from_bars)


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
