"""Aligned rows cut and joined at will: what is concluded of them must not depend on it."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from domain.aligned import ORDER, Aligned

GIVEN = (*ORDER, "decided", "relations", "scores", "evidence")
"""Families that come from the steps before, with the column of their time; the rest is concluded."""
TIMES = {family: order[0] for family, order in ORDER.items()} | dict.fromkeys(
    ("relations", "evidence", "composites"), "ts"
)
TIMES |= {"executions": "at", "equity": "day"}


def joined(values: Sequence[Aligned]) -> Aligned:
    """All rows in one."""
    whole = Aligned(values[-1].watermark, names={k: v for each in values for k, v in each.names.items()})
    for each in fields(Aligned):
        if each.name in ("watermark", "names"):
            continue
        parts = [getattr(value, each.name) for value in values]
        parts = [part for part in parts if part.size] or parts[:1]
        setattr(whole, each.name, np.concatenate(parts, axis=parts[0].ndim - 1))
    return whole


def cut(whole: Aligned, instants: Sequence[int]) -> list[Aligned]:
    """The rows up to each instant, and the rest."""
    pieces, before = [], np.iinfo(np.int64).min
    for until in [*sorted(set(instants)), max(whole.watermark, *instants) if instants else whole.watermark]:
        chosen: dict[str, Any] = {
            family: (getattr(whole, family)[time] > before) & (getattr(whole, family)[time] <= until)
            for family, time in TIMES.items()
        }
        made = {family: getattr(whole, family)[rows] for family, rows in chosen.items()}
        if whole.decided.size:
            made["decided"] = whole.decided[:, chosen["candidates"]]
        if whole.scores.size:
            made["scores"] = whole.scores[chosen["candidates"]]
        pieces.append(replace(Aligned(until, names=whole.names), **made))
        before = until
    return pieces
