"""Evidence: the common record of directional information about an instrument at an instant.

Emitted signals and events are converted to it, and so are whales and arbitrage from the other branch, so that
patterns do not depend on the source of their evidence.
"""

import numpy as np

EVIDENCE = np.dtype(
    [
        ("ts", "<i8"),  # when it was known
        ("instrument", "<i8"),
        ("source", "<i8"),  # strategy or detector + 1, or a cluster of wallets; equal sources count once
        ("strength", "<f8"),  # (0, 1]
        ("probability", "<f8"),  # of a win in its direction, calibrated; NaN: the track record of its detector is used
        ("expected_r", "<f8"),  # in R, net of costs; NaN if unknown
        ("risk", "<f8"),  # [0, 1); 0 if unknown
        ("kind", "u1"),  # index into KINDS
        ("direction", "i1"),  # +1 long, -1 short, 0 neither
        ("frame", "<i2"),
        ("idea", "<i2"),  # strategy of a signal, detector of an event, else 0
        ("spare", "<i2"),
    ]
)
"""In the order of `EVIDENCE_ORDER`."""

EVIDENCE_ORDER = ("ts", "instrument", "kind", "frame", "idea", "source")
