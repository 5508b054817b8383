"""Maintenance: one periodic task for all connections, so that none needs a timer of its own."""

import asyncio

from api.resources import Resources
from domain.clock import to_datetime

PERIOD_S = 1.0


async def run_maintenance(resources: Resources) -> None:
    """Each period, send keepalives, and close stuck connections and slow requests; each `status_s`, send `status`.

    Runs until it is cancelled. A period is `PERIOD_S`, or the shortest of the configured times if that is less.
    """
    settings, hub, metrics = resources.settings, resources.hub, resources.metrics
    started_s = resources.steady_s()
    status_due_s = started_s + settings.status_s
    timeouts_s = (settings.keepalive_s, settings.stuck_s, settings.ping_s, settings.head_s)
    period_s = min(PERIOD_S, settings.status_s, *timeouts_s)
    while True:
        await asyncio.sleep(period_s)
        now_s, at = resources.steady_s(), to_datetime(resources.now_ns())
        metrics.update_process_gauges(now_s - started_s, len(hub.clients))
        for connection, since_s in list(resources.incomplete_requests.items()):
            if now_s - since_s >= settings.head_s:
                connection.time_out()
        await hub.sweep(now_s, at)
        if now_s >= status_due_s:
            status_due_s = now_s + settings.status_s
            await hub.broadcast_status(metrics.summary(), at)
