"""Metrics: the Prometheus metrics of this process, each with what to do when it changes.

Each application has a registry of its own, so that two in one process (as in the tests) do not collide. For several
worker processes see `api.serving.multiprocess_metrics`.
"""

from collections.abc import Callable
from pathlib import Path

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from api.feed.push import SignalAttributes
from api.serving.multiprocess_metrics import MultiprocessCollector

disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the number of series, and are not used

_REQUEST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_SUMMARY = ("uptime_seconds", "system_cpu_percent", "system_memory_bytes", "system_threads")
_SCORES = tuple(tenth / 10 for tenth in range(1, 11))


class Metrics:
    """Every metric of the API."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._multiprocess: MultiprocessCollector | None = None
        self.request_s = Histogram(
            "http_request_duration_seconds",
            "Time to answer a request, by path template. If it grows: find the path; lists wait for Postgres, so check "
            "its slow queries before adding replicas.",
            ["method", "path", "status"],
            buckets=_REQUEST_S,
            registry=self.registry,
        )
        self.signals = Counter(
            "signals_generated",
            "Signals published since this process started. If it stops growing: check feed_connected, then the "
            "watermarks of the engine. If mtf_aligned=true disappears: the timeframes disagree, as in quiet markets.",
            ["direction", "mtf_aligned"],
            registry=self.registry,
        )
        self.score = Gauge(
            "signal_score",
            "Score of the newest signal with these labels: the final score, or the confidence if there is none. If it "
            "drifts down: the market changed or the model is outdated; compare with signal_outcomes_total.",
            ["direction", "mtf_aligned"],
            registry=self.registry,
        )
        self.scores = Histogram(
            "signal_score_distribution",
            "Scores of all signals published since this process started. If the distribution shifts: see signal_score.",
            buckets=_SCORES,
            registry=self.registry,
        )
        self.feed_connected = Gauge(
            "feed_connected",
            "1 while this process reads the feed. If 0: Redis is unreachable or refuses connections; clients wait, and "
            "nothing is lost that the streams retain.",
            registry=self.registry,
        )
        self.feed_messages = Counter(
            "feed_messages",
            "Entries read from the feed. If it stops growing while signals are written: the engine cannot publish.",
            ["channel"],
            registry=self.registry,
        )
        self.feed_refused = Counter(
            "feed_refused",
            "Invalid entries of the feed that were skipped. If it grows at all: engine and API are of different "
            "versions; deploy both.",
            ["channel"],
            registry=self.registry,
        )
        self.ws_clients = Gauge(
            "ws_clients",
            "Clients of the feed connected now, by WebSocket or SSE. If near clients_max of [api]: add replicas.",
            registry=self.registry,
        )
        self.ws_messages = Counter(
            "ws_messages",
            "Messages sent to clients of the feed (peer=clients). If its rate falls while that of feed_messages_total "
            "does not: clients disconnected, see ws_clients.",
            ["peer"],
            registry=self.registry,
        )
        self.ws_gaps = Counter(
            "ws_gaps",
            "Gaps announced to clients. slow_consumer: a client reads too slowly, it should filter more; expired: "
            "clients resume later than the streams reach back; epoch_changed: Redis lost data; lost_upstream: this "
            "process was disconnected from Redis, or lagged behind it, for too long.",
            ["reason"],
            registry=self.registry,
        )
        self.ws_closed = Counter(
            "ws_closed",
            "Connections of the feed closed by the server. 4408: the client did not read or answer, check its network; "
            "4429: it sends too much; 1003: it sends binary; 4401: its key was revoked, or its token expired.",
            ["code"],
            registry=self.registry,
        )
        self.auth_refused = Counter(
            "auth_refused",
            "Keys, tokens and tickets that were refused, by reason. unknown_key, signature: an attempt to guess, or a "
            "revoked key; the log has the address. expired, scope: contact the owner. keys_away: Postgres is "
            "unreachable.",
            ["reason"],
            registry=self.registry,
        )
        self.rate_limited = Counter(
            "rate_limited",
            "Requests answered with 429. caller: one key or token sends too many, contact its owner or raise "
            "requests_per_s of [security]; address: an unauthenticated address does; failures: an address sends only "
            "invalid keys.",
            ["what"],
            registry=self.registry,
        )
        self.uptime_s = Gauge(
            "uptime_seconds",
            "Time since this process started. If it falls: it was restarted, see its log for the reason.",
            registry=self.registry,
        )
        self.cpu_percent = Gauge(
            "system_cpu_percent",
            "CPU load over all cores of this machine, 0 to 100. If above 80 for long: move engine or API elsewhere.",
            registry=self.registry,
        )
        self.memory_bytes = Gauge(
            "system_memory_bytes",
            "Resident memory of this process. If it grows without end: a leak, since the memory of clients is bounded; "
            "lower ring_bytes or clients_max, and report it.",
            registry=self.registry,
        )
        self.threads = Gauge(
            "system_threads",
            "Threads of this process. If it grows without end: something blocks them; check /readyz.",
            registry=self.registry,
        )
        self._process = psutil.Process()
        psutil.cpu_percent()  # the first call has nothing to compare with and returns 0

    def share(self, file: Path, now_ns: Callable[[], int]) -> None:
        """Share metrics with the other workers, which write files beside `file`; each worker exposes those of all."""
        self._multiprocess = MultiprocessCollector(file, self.registry, now_ns)

    def count_signal(self, attributes: SignalAttributes) -> None:
        """Count one published signal."""
        labels = (attributes.direction, str(attributes.mtf_aligned).lower())
        self.signals.labels(*labels).inc()
        self.score.labels(*labels).set(attributes.score)
        self.scores.observe(attributes.score)

    def update_process_gauges(self, uptime_s: float, clients: int) -> None:
        """Update the gauges of the machine and of this process; cheap enough for every second."""
        self.uptime_s.set(uptime_s)
        self.ws_clients.set(clients)
        self.cpu_percent.set(psutil.cpu_percent())
        with self._process.oneshot():
            self.memory_bytes.set(self._process.memory_info().rss)
            self.threads.set(self._process.num_threads())
        self.write_shared()

    def write_shared(self) -> None:
        """Write the metrics for the other workers, if there are any."""
        if self._multiprocess is not None:
            self._multiprocess.write()

    def summary(self) -> dict[str, float]:
        """The metrics that clients receive as `status`, under the same names."""
        value = self.registry.get_sample_value
        summary = {name: value(name) or 0.0 for name in _SUMMARY}
        summary["signals_generated_total"] = sum(
            sample.value for family in self.signals.collect() for sample in family.samples
        )
        return summary

    def exposition(self) -> bytes:
        """The metrics of all workers, in Prometheus' text format."""
        return generate_latest(self.registry if self._multiprocess is None else self._multiprocess)
