"""Waiting in tests: for a condition, with a deadline, and never for luck."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(question: Callable[[], T], within_s: float = 60.0) -> T:
    """The first answer that is true; an assertion fails if there is none in time."""
    deadline = time.monotonic() + within_s
    while not (answer := question()):
        assert time.monotonic() < deadline, f"still {answer!r} after {within_s:g} s"
        time.sleep(0.01)
    return answer
