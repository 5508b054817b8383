"""Pulse: the one task that looks at everything from time to time, so that no client needs a timer."""

import asyncio
from collections.abc import Callable

from api.hub import Hub
from api.metrics import Metrics
from domain.clock import to_datetime

PERIOD_S = 1.0


async def pulse(
    hub: Hub, metrics: Metrics, *, status_s: float, now_ns: Callable[[], int], steady_s: Callable[[], float]
) -> None:
    """Every second: words to the idle, an end to the stuck. Every `status_s`: a status to all.

    Runs until it is cancelled.
    """
    began_s = steady_s()
    status_due_s = began_s + status_s
    period_s = min(PERIOD_S, status_s, hub.settings.keepalive_s, hub.settings.stuck_s)
    while True:
        await asyncio.sleep(period_s)
        now_s, at = steady_s(), to_datetime(now_ns())
        metrics.look_around(now_s - began_s, len(hub.clients))
        hub.sweep(now_s, at)
        if now_s >= status_due_s:
            status_due_s = now_s + status_s
            hub.spread_status(metrics.summary(), at)
