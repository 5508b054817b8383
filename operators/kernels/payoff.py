"""Payoff: mean win and mean loss of a strategy in R, and the risk discount of its rank."""

import numpy as np

from operators.kernels import kernel
from operators.kernels.decay import retained

RETURNS = np.dtype(
    [("at", "<i8")] + [(name, "<f8") for name in ("count", "wins", "won", "lost", "squares", "drawdown")]
)
"""Decayed sums of net returns in R: weights, weights of wins, gains, losses (positive), squares; and the drawdown of
the cumulative return."""
SMOOTHEST = 0.1
"""Lower bound of the standard deviation of returns in R, so that equal losses give a finite Sharpe ratio."""
SHARPE_WEIGHT = 30.0
"""Weight, in outcomes, of a prior Sharpe ratio of 0."""
DRAWDOWN_OUTCOMES = 25.0
"""The sum of 25 outcomes of 1 R each has a deviation of 5 R; the allowance grows with the root of their number."""
STEEPEST = 20.0
"""Upper bound of the exponent of the risk, so that no rank becomes exactly 0."""


@kernel
def add_return(mine, return_r, weight, at, memory):
    """Add the net return of an outcome."""
    keep = retained(at - mine.at, weight, memory)
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
    """Mean win and mean loss in R, both net; the planned values are a prior worth `strength` outcomes of each."""
    losses = max(0.0, mine.count - mine.wins)
    return (mine.won + strength * reward) / (mine.wins + strength), (mine.lost + strength * loss) / (losses + strength)


@kernel
def risk(mine, volatility_ratio, drawdown_r, weights):
    """Risk discount: factor in (0, 1] applied to the rank.

    Parameters
    ----------
    mine
        RETURNS of the strategy.
    volatility_ratio
        Current over usual volatility; NaN if unknown, which has no effect.
    drawdown_r
        Drawdown in R that is expected over 25 outcomes, and has no effect.
    weights
        Weights in the exponent of the excess drawdown, of the log of the volatility ratio, and of a Sharpe ratio
        per trade below 0.
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
