"""VWAP cross with a full body and high volume."""

from operators.detectors import detector, grade
from operators.view import Floats, View


@detector(cooldown=12)
def vwap_reclaim(view: View) -> Floats:
    """The close crosses the volume-weighted average price with a full body and above-average volume.

    The body is more than half of the range of the bar, and the volume is above the mean of the preceding 30 bars.
    Strength grows with the volume: 0.5 at a z-score of 2.
    """
    now, before, body = view["vwap_distance"], view.before("vwap_distance"), view["candle_body"]
    up = (before <= 0.0) & (now > 0.0) & (body > 0.5)
    down = (before >= 0.0) & (now < 0.0) & (body < -0.5)
    return (up * 1.0 - down * 1.0) * grade(view["volume_zscore"], 2.0)
