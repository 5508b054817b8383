"""Split and concatenate values of Aligned; the output of an operator must not depend on how they are split."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from domain.aligned import ORDER, Aligned

GIVEN = (*ORDER, "decided", "relations", "scores", "evidence")
"""Families of rows that earlier steps emit; the later steps add the others."""
TIMES = {family: order[0] for family, order in ORDER.items()} | dict.fromkeys(
    ("relations", "evidence", "composites"), "ts"
)
"""Family to the column of its time."""
TIMES |= {"executions": "at", "equity": "day"}


def joined(values: Sequence[Aligned]) -> Aligned:
    """All rows in one value."""
    whole = Aligned(values[-1].watermark, names={k: v for each in values for k, v in each.names.items()})
    for each in fields(Aligned):
        if each.name in ("watermark", "names"):
            continue
        parts = [getattr(value, each.name) for value in values]
        parts = [part for part in parts if part.size] or parts[:1]
        setattr(whole, each.name, np.concatenate(parts, axis=parts[0].ndim - 1))
    return whole


def cut(whole: Aligned, instants: Sequence[int]) -> list[Aligned]:
    """The rows up to each instant, and the remaining rows."""
    pieces, before = [], np.iinfo(np.int64).min
    for until in [*sorted(set(instants)), max(whole.watermark, *instants) if instants else whole.watermark]:
        masks: dict[str, Any] = {
            family: (getattr(whole, family)[time] > before) & (getattr(whole, family)[time] <= until)
            for family, time in TIMES.items()
        }
        families = {family: getattr(whole, family)[mask] for family, mask in masks.items()}
        if whole.decided.size:
            families["decided"] = whole.decided[:, masks["candidates"]]
        if whole.scores.size:
            families["scores"] = whole.scores[masks["candidates"]]
        pieces.append(replace(Aligned(until, names=whole.names), **families))
        before = until
    return pieces
