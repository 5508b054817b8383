"""Order-flow imbalance."""

import numpy as np

from operators.detectors import detector, grade
from operators.view import Floats, View

THRESHOLD = 0.3


@detector(cooldown=10)
def flow_imbalance(view: View) -> Floats:
    """The taker-volume imbalance of the last 10 bars exceeds 0.3 on one side.

    0.3 means 65 % of the volume on one side. Strength is 0.5 at 0.45. Never fires if the input has no sides.
    """
    lean = view["imbalance"]
    return np.sign(lean) * grade(np.abs(lean) - THRESHOLD, 0.15)
