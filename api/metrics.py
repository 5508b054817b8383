"""Metrics: what this process counts, each with what to do when it moves (several: `api.serving.multiprocess_metrics`).

A registry of our own per application, so that two in one process (as in the tests) do not collide.
"""

from collections.abc import Callable
from pathlib import Path

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from api.feed.push import SignalAttributes
from api.serving.multiprocess_metrics import MultiprocessCollector

disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the series, and nobody reads them

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
            "Time to answer a request, by path template. If it grows: find the path; lists wait for Postgres, so look "
            "at its slow queries before adding replicas.",
            ["method", "path", "status"],
            buckets=_REQUEST_S,
            registry=self.registry,
        )
        self.signals = Counter(
            "signals_generated",
            "Signals announced since this process started. If it stands still: see feed_connected, then the watermarks "
            "of the engine. If mtf_aligned=true vanishes: the frames disagree, which quiet markets do.",
            ["direction", "mtf_aligned"],
            registry=self.registry,
        )
        self.score = Gauge(
            "signal_score",
            "Score of the newest signal of its kind: the final score, or the confidence while there is none. If it "
            "drifts down: the market changed or a model aged; compare with signal_outcomes_total.",
            ["direction", "mtf_aligned"],
            registry=self.registry,
        )
        self.scores = Histogram(
            "signal_score_distribution",
            "Scores of all signals announced since this process started. If the mass moves: as for signal_score.",
            buckets=_SCORES,
            registry=self.registry,
        )
        self.feed_connected = Gauge(
            "feed_connected",
            "1 while this process follows the feed. If 0: Redis is away or refuses; clients wait, nothing is lost that "
            "the streams keep.",
            registry=self.registry,
        )
        self.feed_messages = Counter(
            "feed_messages",
            "Entries read from the feed. If it stands still while signals are written: the engine cannot publish.",
            ["channel"],
            registry=self.registry,
        )
        self.feed_refused = Counter(
            "feed_refused",
            "Entries of the feed that are not what they should be, and were passed over. If it moves at all: engine "
            "and API are of different versions; deploy both.",
            ["channel"],
            registry=self.registry,
        )
        self.ws_clients = Gauge(
            "ws_clients",
            "WebSocket clients connected now. Near clients_max of [api]: add replicas.",
            registry=self.registry,
        )
        self.ws_messages = Counter(
            "ws_messages",
            "Messages sent to WebSocket clients (peer=clients). If it falls while feed_messages_total does not: "
            "clients left, see ws_clients.",
            ["peer"],
            registry=self.registry,
        )
        self.ws_gaps = Counter(
            "ws_gaps",
            "Gaps that clients were told of. slow_consumer: a client reads too slowly, it may filter more; expired: "
            "clients come back later than the streams remember; epoch_changed: Redis lost data; lost_upstream: this "
            "process was away too long.",
            ["reason"],
            registry=self.registry,
        )
        self.ws_closed = Counter(
            "ws_closed",
            "Connections that we closed. 4408: a client took nothing, look at its network; 4429: it sends too much; "
            "1003: it sends binary; 4401: its key was revoked, or its token expired.",
            ["code"],
            registry=self.registry,
        )
        self.auth_refused = Counter(
            "auth_refused",
            "Keys, tokens and tickets that were refused, and why. unknown_key, signature: somebody guesses, or a key "
            "was revoked; the log has the address. expired, scope: tell its owner. keys_away: Postgres cannot be read.",
            ["reason"],
            registry=self.registry,
        )
        self.rate_limited = Counter(
            "rate_limited",
            "Requests answered with 429. caller: one key or token asks too often, talk to its owner or raise "
            "requests_per_s of [security]; address: a stranger does; failures: an address shows only wrong keys.",
            ["what"],
            registry=self.registry,
        )
        self.uptime_s = Gauge(
            "uptime_seconds",
            "Age of this process. If it falls: it was restarted, see its log for why.",
            registry=self.registry,
        )
        self.cpu_percent = Gauge(
            "system_cpu_percent",
            "Load of all cores of this machine, 0 to 100. Above 80 for long: move the engine or the API elsewhere.",
            registry=self.registry,
        )
        self.memory_bytes = Gauge(
            "system_memory_bytes",
            "Resident memory of this process. If it grows without end: a leak, since all that clients may hold is "
            "bounded; lower ring_bytes or clients_max and report it.",
            registry=self.registry,
        )
        self.threads = Gauge(
            "system_threads",
            "Threads of this process. If it grows without end: something blocks them; look at /readyz.",
            registry=self.registry,
        )
        self._process = psutil.Process()
        psutil.cpu_percent()  # the first reading has nothing to compare with and is 0

    def share(self, file: Path, now_ns: Callable[[], int]) -> None:
        """Be one of several workers, each of which has a file beside `file`; any of them exposes the metrics of all."""
        self._multiprocess = MultiprocessCollector(file, self.registry, now_ns)

    def count_signal(self, attributes: SignalAttributes) -> None:
        """Count one signal that was announced."""
        labels = (attributes.direction, str(attributes.mtf_aligned).lower())
        self.signals.labels(*labels).inc()
        self.score.labels(*labels).set(attributes.score)
        self.scores.observe(attributes.score)

    def update_process_gauges(self, uptime_s: float, clients: int) -> None:
        """Measure the machine and this process; cheap enough for every few seconds."""
        self.uptime_s.set(uptime_s)
        self.ws_clients.set(clients)
        self.cpu_percent.set(psutil.cpu_percent())
        with self._process.oneshot():
            self.memory_bytes.set(self._process.memory_info().rss)
            self.threads.set(self._process.num_threads())
        self.write_shared()

    def write_shared(self) -> None:
        """Let other workers know, if there are any."""
        if self._multiprocess is not None:
            self._multiprocess.write()

    def summary(self) -> dict[str, float]:
        """What clients are sent as `status`: this process in a few numbers, under their names here."""
        value = self.registry.get_sample_value
        summary = {name: value(name) or 0.0 for name in _SUMMARY}
        summary["signals_generated_total"] = sum(
            sample.value for family in self.signals.collect() for sample in family.samples
        )
        return summary

    def exposition(self) -> bytes:
        """All of it, of all workers, in Prometheus' text format."""
        return generate_latest(self.registry if self._multiprocess is None else self._multiprocess)
