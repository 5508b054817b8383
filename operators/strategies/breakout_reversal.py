"""Fade a breakout that did not hold."""

import numpy as np

from operators.strategies import confidence, strategy
from operators.view import Floats, View


@strategy(stop_atr=2.5, target_r=1.2, horizon=48, cooldown=12)
def breakout_reversal(view: View) -> Floats:
    """Trade back into the range after a failed breakout in a market without a trend.

    Requires ADX below 25 and the close at least one standard deviation from its mean on the side of the breakout. A
    choppy market and a long shadow on that side add to the confidence. It relies on breakout traders closing their
    positions; a second breakout is a full loss. In ten months of 5m bars of BTC, ETH and SOL it made 592 candidates,
    with a small loss even before costs.
    """
    back = view.event("failed_breakout")
    way = np.sign(back)
    stretched = -way * view["price_zscore"] > 1.0
    shadow = np.where(way > 0.0, view["lower_shadow"], view["upper_shadow"])
    choppy = np.clip((view["choppiness"] - 38.2) / 40.0, 0.0, 1.0)
    return np.where(stretched & (view["adx"] < 25.0), way * confidence(0.36, np.abs(back), shadow, choppy), 0.0)
