"""The engine process: the recipe over the Redis log, with recovery, until it is told to stop.

SIGTERM and SIGINT end the sources; state and positions are written and the process ends with status
0. Anything else ends it with another status, and starting it again goes on where it was: nothing is
lost, and nothing is written twice.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from types import FrameType
from typing import Any

from bytewax.dataflow import Dataflow
from bytewax.outputs import Sink

from domain.environ import read
from domain.errors import ServiceError
from flows import cluster, health
from flows.intelligence import Intelligence
from flows.manifest import manifest, open_recovery
from flows.metrics import EngineMetrics
from flows.progress import Progress, Watched
from flows.services import discovery
from flows.services.home import home_of
from flows.services.settings import ServiceSettings
from flows.settings import EngineSettings
from flows.signals import recipe, vocabulary
from flows.sinks.latest import LatestSink
from flows.sinks.ledger import LedgerSink
from flows.sinks.market import MarketSink
from flows.sinks.metrics import DecisionMetricsSink, MetricsSink
from flows.sources.redis_log import RedisLog
from operators.catalogue import catalogue
from operators.warm import warm
from store.ready import postgres_ready, redis_ready

START_PATIENCE_S = 10.0


def run(environ: Mapping[str, str]) -> int:
    """Run until told to stop; the exit status.

    Raises
    ------
    SetupError
        If a setting is wrong or the recovery directory belongs to another recipe.
    ServiceError
        If no address of Postgres or Redis is given, or one stays away for too long.
    """
    settings, intelligence = EngineSettings.from_environ(dict(environ)), Intelligence.from_environ(environ)
    database_url, redis_url = discovery.database_url(environ), discovery.redis_url(environ)
    await_services(database_url, redis_url)
    home = home_of(read(ServiceSettings, "services", environ), environ)
    directory = settings.recovery_in(home.directory)
    open_recovery(directory, settings.recovery_partitions, manifest(settings.frames, catalogue()))
    progress, metrics = Progress(), EngineMetrics(vocabulary(settings))
    metrics.watch(progress)

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        progress.stopping.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
    warm()  # before anybody watches whether the dataflow moves
    server = health.serve(settings.host, settings.port, metrics, progress, settings.stalled_s)
    health.tell_redis(redis_url, metrics, progress)
    health.watch(progress, settings.stalled_s)
    flow = live(settings, intelligence, database_url, redis_url, progress, metrics)
    try:
        cluster.run(flow, epoch=timedelta(milliseconds=settings.epoch_ms), recovery=directory)
    finally:
        progress.stopping.set()
        server.shutdown()
    return 0


def await_services(database_url: str, redis_url: str, *, patience_s: float = START_PATIENCE_S) -> None:
    """Wait until Postgres and Redis answer, since they may be starting beside us.

    Raises
    ------
    ServiceError
        If one of them does not in time; the message says which, where and why.
    """
    for url, problem_of in ((database_url, postgres_ready), (redis_url, redis_ready)):
        if problem := _problem(partial(problem_of, url), patience_s):
            raise ServiceError(f"{problem}, or let 'signalengine up' start one (waited {patience_s:g} s)")


def _problem(look: Callable[[], str | None], patience_s: float) -> str | None:
    """What `look` finds wrong until patience ends; None as soon as nothing is."""
    deadline = time.monotonic() + patience_s
    while (problem := look()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return problem


def live(
    settings: EngineSettings,
    intelligence: Intelligence,
    database_url: str,
    redis_url: str,
    progress: Progress,
    metrics: EngineMetrics,
) -> Dataflow:
    """The recipe between the Redis log and the ledger."""
    words = vocabulary(settings)
    sinks: dict[str, Sink[Any]] = {
        "market": MarketSink(database_url, words),
        "latest": LatestSink(redis_url, words),
        "metrics": MetricsSink(metrics),
    }
    together: dict[str, Sink[Any]] = {
        "ledger": LedgerSink(database_url, redis_url, words),
        "decision_metrics": DecisionMetricsSink(metrics),
    }
    return recipe(
        Watched(RedisLog(redis_url), progress), sinks, settings, intelligence=intelligence, aligned_sinks=together
    )


def live_flow() -> Dataflow:
    """`live` with everything from the environment, for `python -m bytewax.run flows.signals:flow`."""
    settings = EngineSettings.from_environ(dict(os.environ))
    progress, metrics = Progress(), EngineMetrics(vocabulary(settings))
    intelligence = Intelligence.from_environ(os.environ)
    return live(
        settings, intelligence, discovery.database_url(os.environ), discovery.redis_url(os.environ), progress, metrics
    )
