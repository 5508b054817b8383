"""Stand with whoever absorbs a move."""

import numpy as np

from operators.strategies import confidence, strategy
from operators.view import Floats, View


@strategy(stop_atr=2.0, target_r=1.2, horizon=36, cooldown=12)
def absorption_fade(view: View) -> Floats:
    """Go against a stretched move whose volume no longer moves the price.

    Needs the close more than a deviation from its mean and an extreme Williams %R. A volume that is
    unusual for the hour too adds to the confidence. Bars alone do not tell who absorbs: it may be the
    last seller, or a pause. In ten months of 5m bars of BTC, ETH and SOL it proposed 1,000 times, made
    nothing before costs of 12 basis points a trade, and lost by them.
    """
    back = view.event("absorption")
    way = np.sign(back)
    place = view["williams_r"] + 50.0  # -50 at the low, 50 at the high
    extreme = (-way * view["price_zscore"] > 1.0) & (-way * place > 25.0)
    unusual = np.clip(view["volume_of_day_zscore"] / 4.0, 0.0, 1.0)
    return np.where(extreme, way * confidence(0.38, np.abs(back), unusual), 0.0)
