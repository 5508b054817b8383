"""Waiting in tests: until a condition holds, with a deadline, instead of a fixed sleep."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], within_s: float = 60.0) -> T:
    """Poll `condition` and return its first true result; an assertion fails if there is none in time."""
    deadline = time.monotonic() + within_s
    while not (result := condition()):
        assert time.monotonic() < deadline, f"still {result!r} after {within_s:g} s"
        time.sleep(0.01)
    return result
