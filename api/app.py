"""The application: what there is at which address, and what it stands on."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware

from api import (
    analytics,
    calibration,
    composites,
    equity,
    events,
    health,
    market,
    outcome_stats,
    signals,
    tasks,
    trades,
    trials,
)
from api.edge import Edge
from api.enriched import EnrichedSignal
from api.errors import HANDLERS, NOT_FOUND, UNAVAILABLE
from api.exposition import show_metrics
from api.feed_reader import FeedReader
from api.gateway import gateway_route
from api.hub import Hub
from api.metrics import Metrics
from api.openapi import document
from api.operation import TEXT, Operation
from api.pulse import pulse
from api.resources import Resources
from api.resume import Resume
from api.settings import ApiSettings, check
from api.standing import Standing
from api.symbol_gauges import SymbolGauges
from api.tail import Tail
from domain.clock import to_datetime
from domain.statistics.counted import Calibration
from store.feed import CHANNELS
from store.postgres import async_pool


@cache
def _document() -> bytes:
    return msgspec.json.encode(document(OPERATIONS, version("signalengine")))


async def show_openapi(_resources: Resources, _: object) -> bytes:
    """What there is, as an OpenAPI 3.1 document."""
    return _document()


OPERATIONS = (
    Operation(
        path="/api/v1/signals",
        handler=signals.list_signals,
        takes=signals.ChosenOfAll,
        gives=signals.SignalsPage,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path=composites.PATH,
        handler=composites.list_composites,
        takes=composites.ChosenComposites,
        gives=composites.CompositesPage,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/signals/{id}",
        handler=signals.get_signal,
        takes=signals.WhichSignal,
        gives=EnrichedSignal,
        problems=(NOT_FOUND, UNAVAILABLE),
    ),
    Operation(
        path="/api/v1/signals/market/{slug:path}",
        handler=signals.list_market_signals,
        takes=signals.ChosenOfMarket,
        gives=signals.SignalsPage,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/signals",
        handler=signals.list_newest_signals,
        takes=signals.Newest,
        gives=signals.NewestSignals,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/analytics/performance",
        handler=analytics.show_performance,
        takes=analytics.Period,
        gives=analytics.PerformanceResponse,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/analytics/by-signal-type",
        handler=analytics.show_by_signal_type,
        takes=analytics.Period,
        gives=analytics.BySignalType,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/analytics/by-confidence",
        handler=analytics.show_by_confidence,
        takes=analytics.Period,
        gives=analytics.ByConfidence,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path=trades.PATH,
        handler=trades.list_trades,
        takes=trades.ChosenTrades,
        gives=trades.TradesPage,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/analytics/open-positions",
        handler=trades.list_open_positions,
        takes=trades.ChosenPositions,
        gives=trades.OpenPositions,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/analytics/calibration",
        handler=calibration.show_calibration,
        takes=calibration.ChosenForecasts,
        gives=Calibration,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/analytics/equity",
        handler=equity.show_equity,
        takes=equity.ChosenDays,
        gives=equity.Equity,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path=trials.PATH,
        handler=trials.list_trials,
        takes=trials.ChosenTrials,
        gives=trials.Trials,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/performance/stats",
        handler=outcome_stats.show_outcome_stats,
        takes=outcome_stats.Lookback,
        gives=outcome_stats.OutcomeStats,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/bars/{symbol:path}",
        handler=market.list_bars,
        takes=market.WhichBars,
        gives=market.Bars,
        problems=(NOT_FOUND, UNAVAILABLE),
    ),
    Operation(
        path="/api/v1/features/{symbol:path}",
        handler=market.show_features,
        takes=market.WhichFeatures,
        gives=market.Features,
        problems=(NOT_FOUND, UNAVAILABLE),
    ),
    Operation(
        path=events.PATH,
        handler=events.list_events,
        takes=events.ChosenEvents,
        gives=events.EventsPage,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/instruments",
        handler=market.list_instruments,
        takes=market.WhichInstruments,
        gives=market.Instruments,
        problems=(UNAVAILABLE,),
    ),
    Operation(path="/livez", handler=health.livez, gives=health.Live, problems=(UNAVAILABLE,), live=True),
    Operation(path="/readyz", handler=health.readyz, gives=health.Ready, problems=(UNAVAILABLE,), live=True),
    Operation(path="/metrics", handler=show_metrics, gives=bytes, media_type=TEXT, live=True),
    Operation(path="/openapi.json", handler=show_openapi, gives=dict),
)

GATEWAYS = {
    "/ws/feed": CHANNELS,
    "/api/v1/ws/signals": ("signals",),
}
"""WebSockets, and what each streams by itself."""


def build(
    settings: ApiSettings,
    *,
    database_url: str,
    redis_url: str,
    now_ns: Callable[[], int],
    steady_s: Callable[[], float],
) -> Starlette:
    """The API as an ASGI application. It starts, and answers what it can, without Postgres and Redis.

    Parameters
    ----------
    settings
        The section `api`.
    database_url, redis_url
        Where the ledger and the feed are.
    now_ns
        Reads the time of day, in nanoseconds UTC; `time.time_ns` outside of tests.
    steady_s
        Reads a clock that only goes forward, in seconds; `time.perf_counter` outside of tests.

    Raises
    ------
    SettingError
        If it would listen where others can reach it, or an address is not one.
    """
    check(settings)
    metrics = Metrics()
    hub = Hub(settings, metrics)
    reader = FeedReader(redis_url)
    pool = async_pool(database_url, max_size=settings.database_connections_max)
    resources = Resources(
        settings=settings,
        database_url=database_url,
        pool=pool,
        reader=reader,
        metrics=metrics,
        hub=hub,
        tail=Tail(reader, hub, metrics, now_ns=now_ns, steady_s=steady_s),
        resume=Resume(hub, reader, lambda: to_datetime(now_ns())),
        standing=Standing(pool, steady_s),
        symbols=SymbolGauges(metrics.registry, pool, now_ns, steady_s),
        now_ns=now_ns,
        steady_s=steady_s,
    )
    app = Starlette(
        routes=[
            *(operation.route() for operation in OPERATIONS),
            *(gateway_route(path, channels) for path, channels in GATEWAYS.items()),
        ],
        middleware=[Middleware(Edge, metrics=metrics, steady_s=steady_s, allowed_hosts=settings.allowed_hosts)],
        exception_handlers=HANDLERS,
        lifespan=_lifespan,
    )
    app.router.redirect_slashes = False  # an address has one form, and a redirect would trust the Host header
    app.state.resources = resources
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    resources: Resources = app.state.resources
    metrics, hub = resources.metrics, resources.hub
    metrics.look_around(0, 0)
    await resources.pool.open()
    resources.tasks.append(tasks.start("tail", resources.tail.run()))
    resources.tasks.append(
        tasks.start(
            "pulse",
            pulse(
                hub,
                metrics,
                status_s=resources.settings.status_s,
                now_ns=resources.now_ns,
                steady_s=resources.steady_s,
            ),
        )
    )
    try:
        yield
    finally:
        await tasks.stop(resources.tasks)
        await resources.reader.close()
        await resources.pool.close()
