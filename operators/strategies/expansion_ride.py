"""Follow an expansion of volatility."""

import numpy as np

from operators.strategies import confidence, strategy
from operators.view import Floats, View


@strategy(stop_atr=2.5, target_r=2.0, horizon=60, cooldown=12)
def expansion_ride(view: View) -> Floats:
    """Follow an expansion of volatility, or a thrust, that begins in a low or normal volatility regime.

    Requires the vortex indicator on the same side. A volume spike and money flow on the same side add to the
    confidence. Many expansions are the end of a move rather than its beginning: it loses more often than it wins,
    and therefore targets twice its risk. In ten months of 5m bars of BTC, ETH and SOL it made 2,233 candidates, with
    a small loss even before costs.
    """
    expansion, thrust = view.event("volatility_expansion"), view.event("thrust")
    push = np.where(expansion != 0.0, expansion, thrust)
    way = np.sign(push)
    rested = view["volatility_rank"] < 0.6
    agreed = np.sign(view["vortex_plus"] - view["vortex_minus"]) == way
    flow = np.clip(view["cmf"] * way, 0.0, 1.0)
    strength = confidence(0.26, np.abs(push), view.event("volume_spike"), flow)
    return np.where(rested & agreed, way * strength, 0.0)
