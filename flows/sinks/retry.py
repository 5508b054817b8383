"""Retry: wait for a service that went away, but not for ever.

A sink holds the dataflow while it waits, which is what should happen: nothing is read that cannot be
kept. When patience ends the error ends the process; whoever starts it again resumes without loss.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from domain.errors import ServiceError

T = TypeVar("T")
TIMEOUT_S = 20.0
"""What a sink has, unless told otherwise."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.05, 2.0


def retry(work: Callable[[], T], *, timeout_s: float) -> T:
    """The result of `work`, which is called again as long as a service is away.

    Parameters
    ----------
    work
        Must be safe to repeat from its beginning.
    timeout_s
        Seconds after the first failure until the last try.

    Raises
    ------
    ServiceError
        The last one of `work`.
    """
    wait_s, deadline = _FIRST_WAIT_S, None
    while True:
        try:
            return work()
        except ServiceError:
            now = time.monotonic()
            deadline = deadline or now + timeout_s
            if now >= deadline:
                raise
            time.sleep(min(wait_s, deadline - now))
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
