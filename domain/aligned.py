"""Aligned: the results of all shards up to one watermark, in one order.

Shards progress independently. Steps that look across instruments must see their results in an order that does not
depend on the number of workers or the speed of a replay: by event time, then by instrument.
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
"""Families of aligned rows and their sort keys; the first column is their event time.

Within a Slice the rows of one instrument are already in this order, so the merge compares only time and
instrument."""

DTYPES = {"bars": BAR, "events": EVENT, "candidates": CANDIDATE, "outcomes": OUTCOME}


@dataclass(slots=True)
class Aligned:
    """Rows of all shards up to `watermark` (ns), each family in its `ORDER`.

    `slot` and `row` refer to the shard and are meaningless here. `decided` holds the features of each candidate at
    its decision: (columns, candidates). `align` fills these; `relate` fills `relations`; `score` fills `scores`, one
    row per candidate, and sets the status and reason of the candidates; `correlate` fills `composites`; `execute`
    fills `executions` and `equity`; `tally` fills `performance` and `alerts`. `evidence` is additional evidence
    about an instrument, from whales and arbitrage, in `EVIDENCE_ORDER`.
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
