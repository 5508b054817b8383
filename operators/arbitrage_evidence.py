"""Evidence: an opportunity as what it says of each of its tokens, for patterns that look across kinds.

Who takes a basket buys its cheap legs and sells its dear ones, so the price of what is bought is pushed
up and of what is sold down.
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
"""Net edge, dollars a set, that counts as full strength. Deviations across venues are 0.02 to 0.04 (Gebele
and Matthes, 2026)."""


def evidence_of(findings: Findings, probability: float = np.nan) -> NDArray[Any]:
    """A row of EVIDENCE for each leg of each opportunity that opened or was updated, in the order of `findings`.

    Parameters
    ----------
    findings
        Of one shard.
    probability
        That a leg's price moves the way it is pushed, where that has been measured; NaN says nothing, and adds
        nothing to the odds of a composite.
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
