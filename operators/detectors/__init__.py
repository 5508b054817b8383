"""What is noticed, one detector per file.

A detector answers, for each row of a `View`, a signed strength: its size in (0, 1] says how strongly,
its sign in which direction; 0 or NaN says nothing. NaN in gives NaN out, so a detector is silent
until the features that it reads are warm.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, cast

import numpy as np

from operators.view import Floats, View

Question = Callable[[View], Floats]


class Detector:
    """A detector: its question, and how long it then keeps silent.

    Attributes
    ----------
    name
        The file's name.
    cooldown
        Bars after an event in which the same instrument and frame give no other.
    directed
        Whether the sign of its strength is a direction of the market; if not, events have direction 0.
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
    """Make a `Detector` of a question; see there."""
    return lambda question: Detector(question, cooldown=cooldown, directed=directed)


def grade(excess: Floats, scale: float) -> Floats:
    """An excess above 0 as a strength in (0, 1): 0.5 at `scale`, towards 1 beyond; 0 where there is none.

    Examples
    --------
    >>> [float(strength) for strength in grade(np.array([-1.0, 0.0, 2.0, 6.0]), 2.0)]
    [0.0, 0.0, 0.5, 0.75]
    """
    above = np.maximum(excess, 0.0)
    return above / (above + scale)
