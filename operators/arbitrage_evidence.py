"""Arbitrage evidence: one piece of directional evidence per leg of an opportunity, for cross-source patterns.

Arbitrageurs buy the underpriced legs of a basket and sell the overpriced ones, so their orders push the
price of the former up and of the latter down.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.composites import ARBITRAGE
from domain.evidence import EVIDENCE
from domain.findings import Findings
from domain.instruments import instrument_id
from domain.opportunities import GRADES

FULL_STRENGTH = 0.05
"""Net edge in dollars per set at which the strength reaches 1. Deviations across venues are 0.02 to 0.04 (Gebele
and Matthes, 2026)."""


def evidence_of(findings: Findings, probability: float = np.nan) -> NDArray[Any]:
    """Return a row of EVIDENCE for each leg of each opened or updated opportunity, in the order of `findings`.

    Parameters
    ----------
    findings
        Findings of one shard.
    probability
        Measured probability that the price of a leg moves in the direction of the arbitrage; NaN if unknown,
        which adds nothing to the log-odds of a composite.
    """
    rows = [
        (
            row["at"],
            instrument_id(leg.token),
            row["id"],
            min(1.0, document.edge / FULL_STRENGTH),
            probability,
            np.nan,
            row["grade"] / len(GRADES),
            ARBITRAGE,
            1 if leg.side == "buy" else -1,
            0,
            0,
            0,
        )
        for row, document in zip(findings.rows, findings.opportunities, strict=True)
        if document.change in ("opened", "updated")
        for leg in document.plan.legs
    ]
    return np.array(rows, EVIDENCE)
