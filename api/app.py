"""The ASGI application: its routes, and the resources that they share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.middleware import Middleware

from api import tasks
from api.endpoints.performance_cache import PerformanceCache
from api.errors import HANDLERS
from api.feed.gateway import gateway_route
from api.feed.hub import Hub
from api.feed.reader import FeedReader
from api.feed.resume import Resume
from api.feed.stream import stream_route
from api.feed.tail import Tail
from api.maintenance import run_maintenance
from api.memory.hot_lists import HotLists
from api.memory.micro_cache import MicroCache
from api.memory.response_cache import ResponseCache
from api.metrics import Metrics
from api.operations import OPERATIONS
from api.resources import Resources
from api.rest.middleware import RequestMiddleware
from api.security.access import AccessControl
from api.security.middleware import AccessMiddleware
from api.security.settings import SecuritySettings
from api.settings import ApiSettings, check
from api.symbol_gauges import SymbolGauges
from domain.clock import to_datetime
from store.postgres import async_pool

OFF = SecuritySettings()
FEED_WAIT_S = 5.0
"""How long the start waits at most until the first attempt to reach Redis has succeeded or failed."""


def build(
    settings: ApiSettings,
    security: SecuritySettings = OFF,
    *,
    database_url: str,
    redis_url: str,
    now_ns: Callable[[], int],
    steady_s: Callable[[], float],
) -> Starlette:
    """The API as an ASGI application. It starts without Postgres and Redis, and reports 503 for what needs them.

    Parameters
    ----------
    settings
        Settings of the section `api`.
    security
        Settings of the section `security`.
    database_url, redis_url
        Addresses of the ledger and of the feed.
    now_ns
        Reads the time of day, in nanoseconds UTC; `time.time_ns` outside of tests.
    steady_s
        Reads a monotonic clock, in seconds; `time.perf_counter` outside of tests.

    Raises
    ------
    SettingError
        If other machines could reach the API without authentication, an address is malformed, or a key for tokens
        cannot be read.
    """
    check(settings, security.checked())
    metrics = Metrics()
    reader = FeedReader(redis_url)
    pool = async_pool(database_url, max_size=settings.database_connections_max)
    hot_lists = HotLists(pool, settings.hot_rows, steady_s)
    access = AccessControl(
        security,
        pool=pool,
        redis_url=redis_url,
        metrics=metrics,
        body_bytes_max=settings.message_bytes_max,
        now_ns=now_ns,
        steady_s=steady_s,
    )
    hub = Hub(settings, metrics, steady_s, access.session_end)
    resources = Resources(
        settings=settings,
        access=access,
        database_url=database_url,
        pool=pool,
        reader=reader,
        metrics=metrics,
        hub=hub,
        tail=Tail(reader, hub, metrics, now_ns=now_ns, steady_s=steady_s, hot_lists=hot_lists),
        resume=Resume(hub, reader, lambda: to_datetime(now_ns())),
        performance=PerformanceCache(pool, steady_s),
        symbols=SymbolGauges(metrics.registry, pool, now_ns, steady_s),
        hot_lists=hot_lists,
        response_cache=ResponseCache(),
        micro_cache=MicroCache(settings.analytics_fresh_s, steady_s),
        now_ns=now_ns,
        steady_s=steady_s,
    )
    app = Starlette(
        routes=[
            *(operation.route() for operation in OPERATIONS),
            stream_route(),
            gateway_route(),
        ],
        middleware=[
            Middleware(
                RequestMiddleware,
                metrics=metrics,
                steady_s=steady_s,
                allowed_hosts=settings.allowed_hosts,
                behind_tls=security.behind_tls,
            ),
            Middleware(AccessMiddleware, access=access),
        ],
        exception_handlers=HANDLERS,
        lifespan=_lifespan,
    )
    app.router.redirect_slashes = False  # a resource has one URL, and a redirect would trust the Host header
    app.state.resources = resources
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    resources: Resources = app.state.resources
    resources.metrics.update_process_gauges(0, 0)
    await resources.pool.open()
    await resources.access.open()
    resources.tasks.append(tasks.start("access", resources.access.run()))
    resources.tasks.append(tasks.start("tail", resources.tail.run()))
    resources.tasks.append(tasks.start("hot_lists", resources.hot_lists.run()))
    resources.tasks.append(tasks.start("maintenance", run_maintenance(resources)))
    try:
        with suppress(TimeoutError):  # so that the first clients already find the feed, if Redis can be reached
            await asyncio.wait_for(resources.tail.attempted.wait(), FEED_WAIT_S)
        yield
    finally:
        await tasks.stop(resources.tasks)
        resources.metrics.write_shared()
        await resources.access.close()
        await resources.reader.close()
        await resources.pool.close()
