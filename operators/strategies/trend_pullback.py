"""Buy the dip in a market that rises, sell the rally in one that falls."""

import numpy as np

from operators.strategies import confidence, strategy
from operators.view import Floats, View


@strategy(stop_atr=3.0, target_r=1.5, horizon=72, cooldown=12)
def trend_pullback(view: View) -> Floats:
    """Go with the trend when price takes its volume-weighted average or its base line back.

    Needs the regime's trend and the close on the trend's side of the cloud. A steady on-balance volume
    and a small drawdown of the other side add to the confidence. It lives on trends that go on, and
    pays for each that ends; in a market that turns often it loses.
    """
    reclaim, cross = view.event("vwap_reclaim"), view.event("kijun_cross")
    push = np.where(reclaim != 0.0, reclaim, cross)
    way = np.sign(push)
    top, bottom = np.maximum(view["senkou_a"], view["senkou_b"]), np.minimum(view["senkou_a"], view["senkou_b"])
    beyond = np.where(way > 0.0, view["close"] > top, view["close"] < bottom)
    steady = np.clip(view["obv_slope"] * way, 0.0, 1.0)
    straight = np.clip(view["regression_r2"], 0.0, 1.0)
    return np.where((view["trend_state"] == way) & beyond, way * confidence(0.44, np.abs(push), steady, straight), 0.0)
