"""Evidence: whatever speaks for or against an instrument at an instant, in one form.

Emitted signals and events are told in it; so are whales and arbitrage, which other recipes bring. A
pattern asks for evidence, and need not know where it comes from.
"""

import numpy as np

EVIDENCE = np.dtype(
    [
        ("ts", "<i8"),  # when it was known
        ("instrument", "<i8"),
        ("source", "<i8"),  # who says it: the idea plus 1, or a cluster of wallets; the same twice counts once
        ("strength", "<f8"),  # (0, 1]
        ("probability", "<f8"),  # that its side pays, calibrated; NaN: the record of its idea speaks for it
        ("expected_r", "<f8"),  # in R, net of costs; NaN if unknown
        ("risk", "<f8"),  # [0, 1); 0 if unknown
        ("kind", "u1"),  # index into KINDS
        ("direction", "i1"),  # +1 long, -1 short, 0 neither
        ("frame", "<i2"),
        ("idea", "<i2"),  # strategy of a signal, detector of an event, 0 where there is but one idea
        ("spare", "<i2"),
    ]
)
"""In the order of `EVIDENCE_ORDER`."""

EVIDENCE_ORDER = ("ts", "instrument", "kind", "frame", "idea", "source")
