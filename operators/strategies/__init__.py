"""What is proposed, one strategy per file.

A strategy answers, for each closed bar of the primary frame in a `View`, a signed confidence: its
size in (0, 1) is the strategy's own guess of being right, before any calibration; its sign is the
direction; 0 or NaN proposes nothing. Entry, stop, target and expiry follow from its settings.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, cast

import numpy as np

from operators.view import Floats, View

Plan = Callable[[View], Floats]


class Strategy:
    """A strategy: when it proposes, and how the proposal is bounded.

    Attributes
    ----------
    name
        The file's name.
    stop_atr
        Distance of the stop from the entry, in average true ranges of the primary frame.
    target_r
        Distance of the target in multiples of the stop's distance.
    horizon
        Bars of the primary frame until it expires.
    cooldown
        Bars of the primary frame in which it proposes nothing more for the same instrument.
    half_life
        Bars of the primary frame in which half of what it says of the market is spent. A quarter of
        the horizon unless given, so that a sixteenth is left when it expires.
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
    """Make a `Strategy` of a plan; see there."""
    bounds = {"stop_atr": stop_atr, "target_r": target_r}
    return lambda plan: Strategy(plan, **bounds, horizon=horizon, cooldown=cooldown, half_life=half_life)


def confidence(base: float, *evidence: Floats) -> Floats:
    """A guess in (0, 1) that starts at `base` and grows with each piece of evidence in [0, 1].

    Log-odds add up, half a unit for each whole piece, so no number of pieces reaches certainty.

    Examples
    --------
    >>> float(confidence(0.5, np.array([1.0]), np.array([1.0]))[0])
    0.7310585
    """
    logit = np.log(base / (1.0 - base)) + 0.5 * sum(np.where(np.isnan(piece), 0.0, piece) for piece in evidence)
    return cast(Floats, 1.0 / (1.0 + np.exp(-logit)))
