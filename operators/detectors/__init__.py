"""Detectors: market events, one per file.

A detector is a function of a `View` that returns a signed strength for each row: its absolute value, in (0, 1], is the
strength of the event, its sign the direction; 0 or NaN means no event. NaN inputs give NaN outputs, so that a
detector does not fire until its features are warm.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, cast

import numpy as np

from operators.view import Floats, View

Question = Callable[[View], Floats]


class Detector:
    """A detector: its function and its cooldown.

    Attributes
    ----------
    name
        Name of its file.
    cooldown
        Number of bars after an event without another one for the same instrument and frame.
    directed
        Whether the sign of its strength is a market direction; otherwise its events have direction 0.
    """

    def __init__(self, question: Question, *, cooldown: int, directed: bool) -> None:
        update_wrapper(cast(Any, self), question)
        self.name = question.__name__
        self.cooldown, self.directed = cooldown, directed
        self.question = question

    @property
    def doc(self) -> str:
        """The first line of its documentation."""
        return (self.__doc__ or "").strip().splitlines()[0]


def detector(*, cooldown: int, directed: bool = True) -> Callable[[Question], Detector]:
    """Decorator that makes a function a `Detector`; see there."""
    return lambda question: Detector(question, cooldown=cooldown, directed=directed)


def grade(excess: Floats, scale: float) -> Floats:
    """Map an excess above 0 to a strength in (0, 1), with 0.5 at `scale`; 0 where there is no excess.

    Examples
    --------
    >>> [float(strength) for strength in grade(np.array([-1.0, 0.0, 2.0, 6.0]), 2.0)]
    [0.0, 0.0, 0.5, 0.75]
    """
    above = np.maximum(excess, 0.0)
    return above / (above + scale)
