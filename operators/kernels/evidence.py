"""Evidence of one instrument: a ring buffer of its newest rows, and the arrival rate of each kind."""

import numpy as np

from domain.clock import DAY
from operators.kernels import kernel

RING = 64
"""Rows stored per instrument. A window holds about ten; one instant adds at most detectors times frames."""
ENDED = 255
"""Kind of an inactive row: a signal whose outcome is known."""

INSTRUMENT = np.dtype(
    [(name, "<i8") for name in ("instrument", "vacant", "reference", "seen_at", "count", "first", "regime")]
    + [("kept", "<i8", (2,)), ("with_reference", "<f8")]
)
"""State of an instrument: whether its slot is free, its venue's reference, time of its newest row, rows ever added to
its ring, head of the list of its pending candidates (index + 1, 0 is none), regime at its newest candidate, time at
which a window of either direction (down, up) was last stored, and correlation with the reference."""

PACE = np.dtype([("at", "<i8"), ("begun", "<i8"), ("count", "<f8")])
"""Decayed number of rows of a kind, as of `at`."""
PACE_HALF_LIFE = DAY


@kernel
def put_evidence(instrument, ring, paces, row):
    """Add a row to the ring, replacing the oldest."""
    mine = ring[instrument.count % RING]
    mine.ts, mine.instrument, mine.source, mine.strength = row.ts, row.instrument, row.source, row.strength
    mine.probability, mine.expected_r, mine.risk = row.probability, row.expected_r, row.risk
    mine.kind, mine.direction, mine.frame, mine.idea = row.kind, row.direction, row.frame, row.idea
    instrument.count += 1
    pace = paces[row.kind]
    if pace.begun == 0:
        pace.begun = row.ts
    pace.count = pace.count * 2.0 ** -((row.ts - pace.at) / PACE_HALF_LIFE) + 1.0 if pace.at else 1.0
    pace.at = row.ts


@kernel
def end_signal(instrument, ring, ts, strategy, signal):
    """Deactivate a signal if it is still in the ring. `signal` is the number of that kind."""
    for at in range(min(instrument.count, RING)):
        if ring[at].kind == signal and ring[at].ts == ts and ring[at].idea == strategy:
            ring[at].kind = ENDED


@kernel
def chance_probability(pace, now, window, count):
    """Probability of `count` or more rows in a window under the observed arrival rate.

    P(N >= n) of a Poisson variable. Its rate is the decayed number of rows, those of the window included, plus
    one, over the effective observation time. In [0, 1].
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
