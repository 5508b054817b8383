"""Retry: repeat an operation while a service is unavailable, up to a timeout.

A waiting sink blocks the dataflow, which is intended: no input is read whose results cannot be stored. After
the timeout the error ends the process; a restart resumes without loss.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from domain.errors import ServiceError

T = TypeVar("T")
TIMEOUT_S = 20.0
"""Default timeout of a sink."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.05, 2.0


def retry(work: Callable[[], T], *, timeout_s: float) -> T:
    """Call `work` until it succeeds, with exponential backoff on `ServiceError`, and return its result.

    Parameters
    ----------
    work
        Must be safe to repeat from its beginning.
    timeout_s
        Seconds from the first failure to the last attempt.

    Raises
    ------
    ServiceError
        The one of the last attempt.
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
