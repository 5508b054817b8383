"""Unusually high volume."""

from operators.detectors import detector, grade
from operators.view import Floats, View

THRESHOLD = 3.0


@detector(cooldown=10, directed=False)
def volume_spike(view: View) -> Floats:
    """A bar with a volume z-score above 3 relative to the preceding 30 bars.

    Strength is 0.5 at 4.5. The event has no direction.
    """
    return grade(view["volume_zscore"] - THRESHOLD, 1.5)
