"""The engine process: the recipes over the Redis log, with recovery, until it is told to stop.

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

import bytewax.operators as op
import msgspec
from bytewax.dataflow import Dataflow
from bytewax.outputs import Sink

from domain.branches import PREDICTION
from domain.environ import read
from domain.errors import ServiceError
from domain.vocabulary import Vocabulary
from flows import cluster, health
from flows.intelligence import Intelligence
from flows.manifest import manifest, open_recovery
from flows.metrics import EngineMetrics
from flows.prediction import Eyes, Sinks, prediction
from flows.prediction import vocabulary as prediction_vocabulary
from flows.prediction_settings import PredictionSettings
from flows.progress import Progress, Watched
from flows.services import discovery
from flows.services.home import home_of
from flows.services.settings import ServiceSettings
from flows.settings import EngineSettings
from flows.signals import signals, vocabulary
from flows.sinks.latest import LatestSink
from flows.sinks.ledger import LedgerSink
from flows.sinks.market import MarketSink
from flows.sinks.metrics import CountSink, MetricsSink
from flows.sinks.opportunities import OpportunitySink
from flows.sinks.sightings import SightingSink
from flows.sources.redis_log import RedisLog
from flows.sources.together import Together, of
from operators.catalogue import catalogue
from operators.warm import warm
from store.health_checks import check_postgres, check_redis

START_TIMEOUT_S = 10.0


def run(environ: Mapping[str, str]) -> int:
    """Run until told to stop; the exit status.

    Raises
    ------
    SetupError
        If a setting is wrong or the recovery directory belongs to another recipe.
    ServiceError
        If no address of Postgres or Redis is given, or one stays away for too long.
    """
    plan = Plan.from_environ(environ)
    settings = plan.settings
    database_url, redis_url = discovery.database_url(environ), discovery.redis_url(environ)
    await_services(database_url, redis_url)
    home = home_of(read(ServiceSettings, "services", environ), environ)
    directory = settings.recovery_in(home.directory)
    steps = manifest(settings.frames, catalogue(), prediction=plan.prediction.enabled)
    open_recovery(directory, settings.recovery_partitions, steps)
    progress, metrics = Progress(), EngineMetrics()
    metrics.watch(progress)

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        progress.stopping.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
    warm()  # before anybody watches whether the dataflow moves
    server = health.serve(settings.host, settings.port, metrics, progress, settings.stalled_s)
    health.tell_redis(redis_url, metrics, progress)
    health.watch(progress, settings.stalled_s)
    flow = live(plan, database_url, redis_url, progress, metrics)
    try:
        cluster.run(flow, epoch=timedelta(milliseconds=settings.epoch_ms), recovery=directory)
    finally:
        progress.stopping.set()
        server.shutdown()
    return 0


def await_services(database_url: str, redis_url: str, *, timeout_s: float = START_TIMEOUT_S) -> None:
    """Wait until Postgres and Redis answer, since they may be starting beside us.

    Raises
    ------
    ServiceError
        If one of them does not in time; the message says which, where and why.
    """
    for url, problem_of in ((database_url, check_postgres), (redis_url, check_redis)):
        if problem := _problem(partial(problem_of, url), timeout_s):
            raise ServiceError(f"{problem}, or let 'signalengine up' start one (waited {timeout_s:g} s)")


def _problem(look: Callable[[], str | None], timeout_s: float) -> str | None:
    """What `look` finds wrong until patience ends; None as soon as nothing is."""
    deadline = time.monotonic() + timeout_s
    while (problem := look()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return problem


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What runs, and what decides its output."""

    settings: EngineSettings
    intelligence: Intelligence
    prediction: PredictionSettings
    eyes: Eyes

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Plan":
        """Read and check.

        Raises
        ------
        SettingError
            If a setting is unknown or out of range.
        """
        return cls(
            settings=EngineSettings.from_environ(dict(environ)),
            intelligence=Intelligence.from_environ(environ),
            prediction=read(PredictionSettings, "prediction", environ).checked(),
            eyes=Eyes.from_environ(environ),
        )


def live(plan: Plan, database_url: str, redis_url: str, progress: Progress, metrics: EngineMetrics) -> Dataflow:
    """The recipes between the Redis log and the ledger, side by side in one dataflow."""
    flow = Dataflow("signalengine")
    logs = {"signals": RedisLog(redis_url)}
    if plan.prediction.enabled:
        logs["prediction"] = RedisLog(redis_url, PREDICTION)
    blocks = op.input("log", flow, Watched(Together(logs), progress))
    words = vocabulary(plan.settings)
    signals(
        "signals",
        of("signals", blocks),
        {
            "market": MarketSink(database_url, words),
            "latest": LatestSink(redis_url, words),
            "metrics": MetricsSink(metrics, words),
        },
        plan.settings,
        plan.intelligence,
        _decided(words, database_url, redis_url, metrics),
    )
    if plan.prediction.enabled:
        said = prediction_vocabulary(plan.prediction.engine)
        sinks = Sinks(
            slices={"market": MarketSink(database_url, said), "metrics": MetricsSink(metrics, said)},
            whales={"sightings": SightingSink(database_url), "whale_metrics": CountSink(metrics.sight)},
            opportunities={
                "opportunities": OpportunitySink(database_url, redis_url),
                "opportunity_metrics": CountSink(metrics.find),
            },
            aligned=_decided(said, database_url, redis_url, metrics),
        )
        said_of = of("prediction", blocks)
        prediction("prediction", said_of, sinks, plan.prediction.engine, plan.intelligence, plan.eyes)
    return flow


def _decided(words: Vocabulary, database_url: str, redis_url: str, metrics: EngineMetrics) -> dict[str, Sink[Any]]:
    """Sinks of what all shards of a branch decided."""
    return {
        "ledger": LedgerSink(database_url, redis_url, words),
        "decision_metrics": CountSink(partial(metrics.decide, words=words)),
    }


def live_flow() -> Dataflow:
    """`live` with everything from the environment, for `python -m bytewax.run flows.signals:flow`."""
    plan = Plan.from_environ(os.environ)
    return live(plan, discovery.database_url(os.environ), discovery.redis_url(os.environ), Progress(), EngineMetrics())
