"""Payoff: what a strategy's wins and losses come to, in R, and how rough the way was."""

import numpy as np

from operators.kernels import kernel
from operators.kernels.fading import kept

RETURNS = np.dtype(
    [("at", "<i8")] + [(name, "<f8") for name in ("count", "wins", "won", "lost", "squares", "drawdown")]
)
"""Faded sums of net returns in R: weights, those of wins, what was won, what was lost (positive), squares;
and how far the sum stands below its peak."""
SMOOTHEST = 0.1
"""A deviation of returns under this, in R, is taken as this: equal losses are a bad record, not an infinite one."""
SHARPE_WEIGHT = 30.0
"""Outcomes that a Sharpe ratio of 0 weighs against the one seen."""
DRAWDOWN_OUTCOMES = 25.0
"""Outcomes of 1 R each whose sum has a deviation of 5 R; the allowance grows with the root of their number."""
STEEPEST = 20.0
"""The most that is taken into the exponent of the risk, so that no rank becomes exactly 0 by it."""


@kernel
def add_return(mine, return_r, weight, at, memory):
    """Add the net return of an outcome."""
    keep = kept(at - mine.at, weight, memory)
    won = return_r > 0.0
    mine.count = mine.count * keep + weight
    mine.wins = mine.wins * keep + (weight if won else 0.0)
    mine.won = mine.won * keep + (weight * return_r if won else 0.0)
    mine.lost = mine.lost * keep - (0.0 if won else weight * return_r)
    mine.squares = mine.squares * keep + weight * return_r * return_r
    mine.drawdown = max(0.0, mine.drawdown * keep - weight * return_r)
    mine.at = at


@kernel
def payoff(mine, reward, loss, strength):
    """Mean win and mean loss in R, both net; what was planned weighs as much as `strength` outcomes of each."""
    losses = max(0.0, mine.count - mine.wins)
    return (mine.won + strength * reward) / (mine.wins + strength), (mine.lost + strength * loss) / (losses + strength)


@kernel
def risk(mine, volatility_ratio, drawdown_r, weights):
    """Share of the rank that stands, in (0, 1].

    Parameters
    ----------
    mine
        RETURNS of the strategy.
    volatility_ratio
        Volatility now over the usual; NaN if unknown, which takes nothing away.
    drawdown_r
        Drawdown in R that is to be expected of 25 outcomes, and costs nothing.
    weights
        Of the drawdown over that, of the log of the volatility ratio, and of a Sharpe ratio per trade
        below 0.
    """
    allowed = drawdown_r * np.sqrt(max(1.0, mine.count / DRAWDOWN_OUTCOMES))
    deep = max(0.0, mine.drawdown / allowed - 1.0)
    rough = np.log(volatility_ratio) if volatility_ratio > 1.0 else 0.0
    poor = 0.0
    if mine.count > 0.0:
        mean = (mine.won - mine.lost) / mine.count
        spread = max(SMOOTHEST, np.sqrt(max(0.0, mine.squares / mine.count - mean * mean)))
        poor = max(0.0, -mean / spread * mine.count / (mine.count + SHARPE_WEIGHT))
    return np.exp(-min(STEEPEST, weights[0] * deep + weights[1] * rough + weights[2] * poor))
