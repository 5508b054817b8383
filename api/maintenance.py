"""Pulse: the one task that looks at everything from time to time, so that no client needs a timer."""

import asyncio

from api.resources import Resources
from domain.clock import to_datetime

PERIOD_S = 1.0


async def run_maintenance(resources: Resources) -> None:
    """Every second: words to the idle, an end to the stuck and the slow. Every `status_s`: a status to all.

    Runs until it is cancelled.
    """
    settings, hub, metrics = resources.settings, resources.hub, resources.metrics
    began_s = resources.steady_s()
    status_due_s = began_s + settings.status_s
    patience = (settings.keepalive_s, settings.stuck_s, settings.ping_s, settings.head_s)
    period_s = min(PERIOD_S, settings.status_s, *patience)
    while True:
        await asyncio.sleep(period_s)
        now_s, at = resources.steady_s(), to_datetime(resources.now_ns())
        metrics.update_process_gauges(now_s - began_s, len(hub.clients))
        for connection, since_s in list(resources.incomplete_requests.items()):
            if now_s - since_s >= settings.head_s:
                connection.time_out()
        await hub.sweep(now_s, at)
        if now_s >= status_due_s:
            status_due_s = now_s + settings.status_s
            await hub.broadcast_status(metrics.summary(), at)
