"""Fade a move that is being absorbed."""

import numpy as np

from operators.strategies import confidence, strategy
from operators.view import Floats, View


@strategy(stop_atr=2.0, target_r=1.2, horizon=36, cooldown=12)
def absorption_fade(view: View) -> Floats:
    """Trade against a stretched move whose volume no longer moves the price.

    Requires the close more than one standard deviation from its mean and an extreme Williams %R. Volume that is
    unusual for the hour adds to the confidence. Bars alone do not show who absorbs the flow: it may be the last
    seller, or a pause. In ten months of 5m bars of BTC, ETH and SOL it made 1,000 candidates, with no profit before
    costs of 12 basis points a trade and a loss after them.
    """
    back = view.event("absorption")
    way = np.sign(back)
    place = view["williams_r"] + 50.0  # -50 at the low, 50 at the high
    extreme = (-way * view["price_zscore"] > 1.0) & (-way * place > 25.0)
    unusual = np.clip(view["volume_of_day_zscore"] / 4.0, 0.0, 1.0)
    return np.where(extreme, way * confidence(0.38, np.abs(back), unusual), 0.0)
