"""Volume far above what is usual."""

from operators.detectors import detector, grade
from operators.view import Floats, View

THRESHOLD = 3.0


@detector(cooldown=10, directed=False)
def volume_spike(view: View) -> Floats:
    """A bar whose volume lies more than 3 deviations above that of the 30 bars before it.

    Strength is 0.5 at 4.5 deviations. It says that something happens, not in which direction.
    """
    return grade(view["volume_zscore"] - THRESHOLD, 1.5)
