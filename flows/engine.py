"""The engine process: run the dataflow over the Redis log, with recovery, until it receives a signal to stop.

SIGTERM and SIGINT end the sources; state and positions are saved and the process exits with status 0. After
any other end, the exit status is not 0 and a restart resumes from the last snapshot: nothing is lost, and
nothing is written twice.
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
from flows.prediction import FindingSettings, Sinks, prediction
from flows.prediction import vocabulary as prediction_vocabulary
from flows.prediction_settings import PredictionSettings
from flows.progress import MonitoredSource, Progress
from flows.services import discovery
from flows.services.home import home_of
from flows.services.settings import ServiceSettings
from flows.settings import EngineSettings
from flows.signals import signals, vocabulary
from flows.sinks.latest import LatestSink
from flows.sinks.ledger import LedgerSink
from flows.sinks.market import MarketSink
from flows.sinks.metrics import CallbackSink, MetricsSink
from flows.sinks.opportunities import OpportunitySink
from flows.sinks.whales import WhaleSink
from flows.sources.combined import CombinedSource, from_source
from flows.sources.redis_log import RedisLog
from operators.catalogue import catalogue
from operators.warm import warm
from store.health_checks import check_postgres, check_redis

START_TIMEOUT_S = 10.0


def run(environ: Mapping[str, str]) -> int:
    """Run until SIGTERM or SIGINT, and return the exit status.

    Raises
    ------
    SetupError
        If a setting is invalid or the recovery directory was written by another dataflow.
    ServiceError
        If no address of Postgres or Redis is known, or one is unavailable for too long.
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
    warm()  # compile the kernels before the watchdog starts to measure progress
    server = health.serve(settings.host, settings.port, metrics, progress, settings.stalled_s)
    health.publish_status(redis_url, metrics, progress)
    health.start_watchdog(progress, settings.stalled_s)
    flow = live(plan, database_url, redis_url, progress, metrics)
    try:
        cluster.run(flow, epoch=timedelta(milliseconds=settings.epoch_ms), recovery=directory)
    finally:
        progress.stopping.set()
        server.shutdown()
    return 0


def await_services(database_url: str, redis_url: str, *, timeout_s: float = START_TIMEOUT_S) -> None:
    """Wait until Postgres and Redis accept connections, since they may be starting at the same time.

    Raises
    ------
    ServiceError
        If one of them does not in time; the message has its address and the cause.
    """
    for url, problem_of in ((database_url, check_postgres), (redis_url, check_redis)):
        if problem := _problem(partial(problem_of, url), timeout_s):
            raise ServiceError(f"{problem}, or let 'signalengine up' start one (waited {timeout_s:g} s)")


def _problem(check: Callable[[], str | None], timeout_s: float) -> str | None:
    """Repeat `check` until it returns None or the timeout is over; return its last result."""
    deadline = time.monotonic() + timeout_s
    while (problem := check()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return problem


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of the engine's dataflow."""

    settings: EngineSettings
    intelligence: Intelligence
    prediction: PredictionSettings
    finding_settings: FindingSettings

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
            finding_settings=FindingSettings.from_environ(environ),
        )


def live(plan: Plan, database_url: str, redis_url: str, progress: Progress, metrics: EngineMetrics) -> Dataflow:
    """Build both branches, from the Redis log to Postgres and Redis, in one dataflow."""
    flow = Dataflow("signalengine")
    logs = {"signals": RedisLog(redis_url)}
    if plan.prediction.enabled:
        logs["prediction"] = RedisLog(redis_url, PREDICTION)
    blocks = op.input("log", flow, MonitoredSource(CombinedSource(logs), progress))
    names = vocabulary(plan.settings)
    signals(
        "signals",
        from_source("signals", blocks),
        {
            "market": MarketSink(database_url, names),
            "latest": LatestSink(redis_url, names),
            "metrics": MetricsSink(metrics, names),
        },
        plan.settings,
        plan.intelligence,
        _aligned_sinks(names, database_url, redis_url, metrics),
    )
    if plan.prediction.enabled:
        names = prediction_vocabulary(plan.prediction.engine)
        sinks = Sinks(
            slices={"market": MarketSink(database_url, names), "metrics": MetricsSink(metrics, names)},
            whales={"sightings": WhaleSink(database_url), "whale_metrics": CallbackSink(metrics.observe_whales)},
            opportunities={
                "opportunities": OpportunitySink(database_url, redis_url),
                "opportunity_metrics": CallbackSink(metrics.observe_findings),
            },
            aligned=_aligned_sinks(names, database_url, redis_url, metrics),
        )
        predicted = from_source("prediction", blocks)
        prediction("prediction", predicted, sinks, plan.prediction.engine, plan.intelligence, plan.finding_settings)
    return flow


def _aligned_sinks(
    names: Vocabulary, database_url: str, redis_url: str, metrics: EngineMetrics
) -> dict[str, Sink[Any]]:
    """Sinks for the results of all shards of a branch."""
    return {
        "ledger": LedgerSink(database_url, redis_url, names),
        "decision_metrics": CallbackSink(partial(metrics.observe_decisions, vocabulary=names)),
    }


def live_flow() -> Dataflow:
    """`live` with all settings from the environment, for `python -m bytewax.run flows.signals:flow`."""
    plan = Plan.from_environ(os.environ)
    return live(plan, discovery.database_url(os.environ), discovery.redis_url(os.environ), Progress(), EngineMetrics())
