"""Release of a volatility squeeze."""

import numpy as np

from operators.detectors import detector, grade
from operators.view import Floats, View


@detector(cooldown=12)
def squeeze_release(view: View) -> Floats:
    """The Bollinger bands expand beyond the Keltner channel after a squeeze, in the direction of the momentum.

    Strength grows with the change over 10 bars: 0.5 where it equals the average true range.
    """
    released = (view.before("squeeze") < 1.0) & (view["squeeze"] >= 1.0)
    strength = grade(np.abs(view["roc"]) / view["natr"], 1.0)
    return np.where(released, np.sign(view["roc"]) * strength, 0.0)
