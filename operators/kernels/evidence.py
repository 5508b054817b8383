"""Evidence of one instrument: its newest rows in a ring, and how often each kind comes."""

import numpy as np

from domain.clock import DAY
from operators.kernels import kernel

RING = 64
"""Rows remembered of an instrument. A window holds about ten; at one instant at most as many as there
are detectors and frames can come."""
ENDED = 255
"""Kind of a row that counts no more: a signal whose outcome is known."""

HOUSE = np.dtype(
    [(name, "<i8") for name in ("instrument", "vacant", "reference", "seen_at", "count", "first", "regime")]
    + [("kept", "<i8", (2,)), ("with_reference", "<f8")]
)
"""What is kept of an instrument: whether its slot is free, its venue's reference, when anything of it was
seen, rows ever put into its ring, the chain of its open candidates (one more than a place, 0 is none),
the regime at its newest candidate, when a window of either direction was last kept for comparison (down,
up), and its correlation with the reference."""

PACE = np.dtype([("at", "<i8"), ("begun", "<i8"), ("count", "<f8")])
"""Faded number of rows of a kind, as of `at`."""
PACE_HALF_LIFE = DAY


@kernel
def put_evidence(house, ring, paces, row):
    """Remember a row in the place of the oldest."""
    mine = ring[house.count % RING]
    mine.ts, mine.instrument, mine.source, mine.strength = row.ts, row.instrument, row.source, row.strength
    mine.probability, mine.expected_r, mine.risk = row.probability, row.expected_r, row.risk
    mine.kind, mine.direction, mine.frame, mine.idea = row.kind, row.direction, row.frame, row.idea
    house.count += 1
    pace = paces[row.kind]
    if pace.begun == 0:
        pace.begun = row.ts
    pace.count = pace.count * 2.0 ** -((row.ts - pace.at) / PACE_HALF_LIFE) + 1.0 if pace.at else 1.0
    pace.at = row.ts


@kernel
def end_signal(house, ring, ts, strategy, signal):
    """Let a signal count no more, if it is still remembered. `signal` is the number of that kind."""
    for at in range(min(house.count, RING)):
        if ring[at].kind == signal and ring[at].ts == ts and ring[at].idea == strategy:
            ring[at].kind = ENDED


@kernel
def by_chance(pace, now, window, count):
    """The probability of `count` rows or more in a window, at the pace at which they have come so far.

    P(N >= n) of a Poisson variable whose mean is the faded number of rows, those of the window
    included and one more, over the time that this number stands for. In [0, 1].
    """
    elapsed = now - pace.begun
    left = 2.0 ** -((now - pace.at) / PACE_HALF_LIFE)
    span = PACE_HALF_LIFE / np.log(2.0) * (1.0 - 2.0 ** -(elapsed / PACE_HALF_LIFE))
    mean = (pace.count * left + 1.0) * window / max(span, window)
    term, below = np.exp(-mean), 0.0
    for n in range(count):
        below += term
        term *= mean / (n + 1)
    return max(0.0, 1.0 - below)
