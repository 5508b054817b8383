"""Buy the dip in a market that rises, sell the rally in one that falls."""

import numpy as np

from operators.strategies import confidence, strategy
from operators.view import Floats, View


@strategy(stop_atr=3.0, target_r=1.5, horizon=72, cooldown=12)
def trend_pullback(view: View) -> Floats:
    """Go with the trend when price takes its volume-weighted average or its base line back.

    Needs the regime's trend and the close on the trend's side of the cloud. On-balance volume that goes
    along and a straight way so far add to the confidence. It lives on trends that go on, and pays for
    each that ends. In ten months of 5m bars of BTC, ETH and SOL it proposed 333 times, too few to tell:
    0.1 ± 0.06 of its risk before costs of 12 basis points a trade, and less than nothing after them.
    """
    reclaim, cross = view.event("vwap_reclaim"), view.event("kijun_cross")
    push = np.where(reclaim != 0.0, reclaim, cross)
    way = np.sign(push)
    top, bottom = np.maximum(view["senkou_a"], view["senkou_b"]), np.minimum(view["senkou_a"], view["senkou_b"])
    beyond = np.where(way > 0.0, view["close"] > top, view["close"] < bottom)
    steady = np.clip(view["obv_slope"] * way, 0.0, 1.0)
    straight = view["regression_r2"]
    with_trend = (way != 0.0) & (view["trend_state"] == way) & beyond
    return np.where(with_trend, way * confidence(0.36, np.abs(push), steady, straight), 0.0)
