"""Invariants of all stages of the chain, and functions to check them without a runtime."""

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
    """Factories of the stages of the recipe, in order; each accepts a snapshot or None."""
    settings = EngineSettings(
        timeframes=tuple(frame.name for frame in frames),
        primary_timeframe=primary or frames[0].name,
        lateness_s=0.0 if from_bars else 1.0,
        quiet_h=quiet_h,
    )
    return factories(settings, from_bars=from_bars)


def outputs(slices: Sequence[Slice]) -> dict[str, bytes]:
    """All output rows, one byte string per family, independent of how they were split into Slices."""
    return {family: b"".join(canonical(getattr(each, family)) for each in slices) for family in FAMILIES}


def totals(slices: Sequence[Slice]) -> tuple[int, ...]:
    """Totals of the counts of accepted, duplicate, late and rejected trades."""
    counts = [each.counts for each in slices]
    return tuple(
        sum(getattr(count, name) for count in counts) for name in ("accepted", "duplicates", "late", "rejects")
    )


def families_without_prefix(head: dict[str, bytes], whole: dict[str, bytes]) -> list[str]:
    """The families of rows in which `head` is not a prefix of `whole`."""
    return [family for family in FAMILIES if not whole[family].startswith(head[family])]


def by_idea(slices: Sequence[Slice]) -> dict[str, np.ndarray]:
    """Output per catalogue entry: feature columns, events of each detector, candidates of each strategy."""
    ideas = catalogue()
    output: dict[str, np.ndarray] = {}
    features = np.concatenate([np.empty((len(ideas.columns), 0)), *(each.features for each in slices)], axis=1)
    for at, name in enumerate(ideas.columns):
        output[f"feature {name}"] = features[at]
    events = np.concatenate([np.empty(0, EVENT), *(each.events for each in slices)])
    for at, detector in enumerate(ideas.detectors):
        output[f"detector {detector.name}"] = np.frombuffer(canonical(events[events["detector"] == at]), "u1")
    candidates = np.concatenate([np.empty(0, CANDIDATE), *(each.candidates for each in slices)])
    for at, strategy in enumerate(ideas.strategies):
        mine = candidates[candidates["strategy"] == at]
        output[f"strategy {strategy.name}"] = np.frombuffer(canonical(mine), "u1")
    return output
