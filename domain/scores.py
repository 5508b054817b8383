"""Score: the assessment of a candidate from all available evidence.

It has three separate results: a calibrated probability, an expected value in R, and a rank. Decay and penalties act
on the rank, never on the probability.
"""

import numpy as np

SCORE = np.dtype(
    [
        ("probability", "<f8"),  # that the net return is above 0, calibrated, (0, 1)
        ("adjusted_score", "<f8"),  # from confidence and history alone, before fusion and calibration, (0, 1)
        ("time_decay_factor", "<f8"),  # fraction of the evidence left, (0, 1]; 1 at the decision
        ("historical_boost", "<f8"),  # log-odds added by the track record of its kind
        ("correlation_boost", "<f8"),  # log-odds added by confirming and opposing signals
        ("liquidity_weight", "<f8"),  # (0, 1]
        ("risk_penalty", "<f8"),  # fraction deducted from the rank, [0, 1)
        ("expected_r", "<f8"),  # in R, net of costs; NaN if nothing was graded yet
        ("final_score", "<f8"),  # the rank score, [0, 100]
        ("threshold", "<f8"),  # required probability
        ("history", "<f8"),  # effective number of graded candidates behind the boost; 0: confidence only
        ("ranking", "<i4"),  # 1 is the best of the open emitted signals at the decision; 0 if suppressed
        ("regime", "<i2"),  # index into REGIMES
        ("correlations", "<i2"),  # number of the following entries in use
        ("correlated", "<i8", (4,)),  # decision instants of related signals of the same instrument, newest first
        ("correlated_strategy", "<i2", (4,)),
        ("correlated_direction", "i1", (4,)),
    ]
)
"""One row for each candidate, in the order of the candidates."""

REGIMES = (
    *("quiet_down", "quiet_flat", "quiet_up"),
    *("normal_down", "normal_flat", "normal_up"),
    *("lively_down", "lively_flat", "lively_up"),
    "unknown",
)
"""Volatility state (0, 1, 2) times 3, plus trend state (-1, 0, 1), plus 1; the last one until both are warm."""
