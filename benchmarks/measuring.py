"""Our feature step over bars, driven by hand: some of the features, one frame, no runtime."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.slices import FIRST, Slice
from operators.catalogue import catalogue
from operators.features import Feature
from operators.measure import Measure


def applied(wanted: tuple[str, ...]) -> tuple[Feature, ...]:
    """Those features, in the order of the catalogue."""
    return tuple(feature for feature in catalogue().features if feature.name in wanted)


def slices(series: list[NDArray[Any]], names: list[str], *, minutes: int) -> list[Slice]:
    """The bars of all instruments as Slices of some minutes each, as `roll` hands them on."""
    together = np.stack(series, axis=1)
    together["slot"] = np.arange(len(series))
    together["flags"][0] = FIRST
    cut = [together[at : at + minutes].reshape(-1) for at in range(0, len(together), minutes)]
    return [Slice(int(rows["close_time"][-1]), tuple(names), bars=rows) for rows in cut]


def run_measure(
    features: tuple[Feature, ...], series: list[NDArray[Any]], names: list[str], *, minutes: int
) -> tuple[float, dict[str, float]]:
    """Seconds for all bars, some minutes at a time, and the last values of the first instrument."""
    given = slices(series, names, minutes=minutes)
    machine = Measure(features, 1)
    began = time.perf_counter()
    for each in given:
        (last,), _ = machine.on_batch([each])
    seconds = time.perf_counter() - began
    columns = [column for feature in features for column in feature.columns]
    return seconds, dict(zip(columns, last.features[:, -len(series)].tolist(), strict=True))
