"""One side takes."""

import numpy as np

from operators.detectors import detector, grade
from operators.view import Floats, View

THRESHOLD = 0.3


@detector(cooldown=10)
def flow_imbalance(view: View) -> Floats:
    """Taker volume of the last 10 bars leans to one side by more than 0.3.

    0.3 means 65 % of the volume on one side. Strength is 0.5 at 0.45. Silent where the input does
    not tell sides.
    """
    lean = view["imbalance"]
    return np.sign(lean) * grade(np.abs(lean) - THRESHOLD, 0.15)
