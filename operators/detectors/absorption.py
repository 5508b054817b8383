"""Absorption: high volume without price movement."""

import numpy as np

from operators.detectors import detector, grade
from operators.view import Floats, View

UNUSUAL, STILL = 1.5, 0.25


@detector(cooldown=10)
def absorption(view: View) -> Floats:
    """After a move, unusual volume changes the price by less than a quarter of an average true range.

    A passive counterparty absorbs the flow, so the direction is against the change of the last 10 bars, which must
    exceed one average true range. The volume z-score must exceed 1.5; strength is 0.5 at 3.
    """
    still = np.abs(view["close"] - view["open"]) < STILL * view["atr"]
    moved = np.abs(view["roc"]) > view["natr"]
    return -np.sign(view["roc"]) * (still & moved) * grade(view["volume_zscore"] - UNUSUAL, UNUSUAL)
