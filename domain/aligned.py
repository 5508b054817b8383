"""Aligned: what all shards concluded up to one watermark, in one order.

Shards run at their own pace. Whatever looks across instruments must see their conclusions in an order
that no number of workers and no speed of replay can change: by event time, then by instrument.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.composites import COMPOSITE
from domain.evidence import EVIDENCE
from domain.executions import EQUITY, EXECUTION
from domain.performance import ALERT, PERFORMANCE
from domain.scores import SCORE
from domain.slices import BAR, CANDIDATE, EVENT, OUTCOME

Rows = NDArray[Any]

RELATION = np.dtype(
    [
        ("ts", "<i8"),  # close time of the bar
        ("instrument", "<i8"),
        ("correlation", "<f8"),  # of log returns with those of the reference, [-1, 1]; NaN until warm
        ("beta", "<f8"),
        ("count", "<i8"),  # pairs of returns seen
        ("frame", "<i8"),
    ]
)

ORDER: dict[str, tuple[str, ...]] = {
    "bars": ("close_time", "instrument", "frame"),
    "events": ("ts", "instrument", "frame", "detector"),
    "candidates": ("ts", "instrument", "strategy"),
    "outcomes": ("exit_at", "instrument", "ts", "strategy"),
}
"""Families of rows that are aligned, and their order; the first column is their event time.

Within a Slice the rows of one instrument stand in this order already: there is only time and instrument
to merge by."""

DTYPES = {"bars": BAR, "events": EVENT, "candidates": CANDIDATE, "outcomes": OUTCOME}


@dataclass(slots=True)
class Aligned:
    """Rows of all shards up to `watermark` (ns), each family in its `ORDER`.

    `slot` and `row` are those of the shard and mean nothing here. `decided` holds the features of
    each candidate at its decision: (columns, candidates). align fills these; relate `relations`;
    score `scores`, a row for each candidate, and the candidates' status and reason; correlate
    `composites`; execute `executions` and `equity`; tally `performance` and `alerts`. `evidence` is
    what else speaks for or against an instrument, in `EVIDENCE_ORDER`: whales, arbitrage.
    """

    watermark: int
    names: dict[int, str] = field(default_factory=dict)  # of the instruments in the rows
    bars: Rows = field(default_factory=lambda: np.empty(0, BAR))
    events: Rows = field(default_factory=lambda: np.empty(0, EVENT))
    candidates: Rows = field(default_factory=lambda: np.empty(0, CANDIDATE))
    outcomes: Rows = field(default_factory=lambda: np.empty(0, OUTCOME))
    decided: Rows = field(default_factory=lambda: np.empty((0, 0)))
    relations: Rows = field(default_factory=lambda: np.empty(0, RELATION))
    scores: Rows = field(default_factory=lambda: np.empty(0, SCORE))
    evidence: Rows = field(default_factory=lambda: np.empty(0, EVIDENCE))
    composites: Rows = field(default_factory=lambda: np.empty(0, COMPOSITE))
    executions: Rows = field(default_factory=lambda: np.empty(0, EXECUTION))
    equity: Rows = field(default_factory=lambda: np.empty(0, EQUITY))
    performance: Rows = field(default_factory=lambda: np.empty(0, PERFORMANCE))
    alerts: Rows = field(default_factory=lambda: np.empty(0, ALERT))
