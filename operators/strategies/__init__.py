"""Strategies: sources of candidates, one per file.

A strategy is a function of a `View` that returns a signed confidence for each closed bar of the primary frame: its
absolute value, in (0, 1), is the strategy's own uncalibrated estimate of the probability of a win; its sign is the
direction; 0 or NaN means no candidate. Entry, stop, target and expiry follow from its settings.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, cast

import numpy as np

from operators.view import Floats, View

Plan = Callable[[View], Floats]


class Strategy:
    """A strategy: its function, and the stop, target, horizon and cooldown of its candidates.

    Attributes
    ----------
    name
        Name of its file.
    stop_atr
        Distance of the stop from the entry, in average true ranges of the primary frame.
    target_r
        Distance of the target in multiples of the stop distance (R).
    horizon
        Bars of the primary frame until a candidate expires.
    cooldown
        Bars of the primary frame without another candidate for the same instrument.
    half_life
        Half-life of the evidence in bars of the primary frame. A quarter of the horizon by default, so that
        1/16 is left at expiry.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        stop_atr: float,
        target_r: float,
        horizon: int,
        cooldown: int,
        half_life: float | None = None,
    ) -> None:
        update_wrapper(cast(Any, self), plan)
        self.name = plan.__name__
        self.stop_atr, self.target_r = stop_atr, target_r
        self.horizon, self.cooldown = horizon, cooldown
        self.half_life = horizon / 4.0 if half_life is None else half_life
        self.plan = plan

    def half_life_ns(self, primary_ns: int) -> int:
        """`half_life` where a bar of the primary frame lasts `primary_ns`."""
        return round(self.half_life * primary_ns)

    @property
    def doc(self) -> str:
        """The first line of its documentation."""
        return (self.__doc__ or "").strip().splitlines()[0]


def strategy(
    *, stop_atr: float, target_r: float, horizon: int, cooldown: int, half_life: float | None = None
) -> Callable[[Plan], Strategy]:
    """Decorator that makes a function a `Strategy`; see there."""
    bounds = {"stop_atr": stop_atr, "target_r": target_r}
    return lambda plan: Strategy(plan, **bounds, horizon=horizon, cooldown=cooldown, half_life=half_life)


def confidence(base: float, *evidence: Floats) -> Floats:
    """Combine a base confidence with pieces of evidence in [0, 1] to a confidence in (0, 1).

    Each piece adds up to half a unit of log-odds, so that no number of pieces gives certainty.

    Examples
    --------
    >>> float(confidence(0.5, np.array([1.0]), np.array([1.0]))[0])
    0.7310585
    """
    logit = np.log(base / (1.0 - base)) + 0.5 * sum(np.where(np.isnan(piece), 0.0, piece) for piece in evidence)
    return cast(Floats, 1.0 / (1.0 + np.exp(-logit)))
