from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from api.serving.multiprocess_metrics import FRESH_S, MultiprocessCollector
from domain.clock import SECOND


class Worker:
    """The metrics of one of several workers."""

    def __init__(self, file: Path, now_ns: int = 0) -> None:
        self.now_ns = now_ns
        self.registry = CollectorRegistry()
        self.requests = Counter("requests", "Requests.", ["path"], registry=self.registry)
        self.duration_s = Histogram("duration", "Duration.", buckets=(1, 2), registry=self.registry)
        self.feed_messages = Counter("feed_messages", "Messages of the feed.", registry=self.registry)
        self.clients = Gauge("ws_clients", "Clients.", registry=self.registry)
        self.connected = Gauge("feed_connected", "Connected.", registry=self.registry)
        self.cpu_percent = Gauge("system_cpu_percent", "Load.", registry=self.registry)
        self.collector = MultiprocessCollector(file, self.registry, lambda: self.now_ns)

    def exposed(self) -> dict[str, float]:
        """What a scrape of this worker returns."""
        families = text_string_to_metric_families(generate_latest(self.collector).decode())
        return {
            sample.name + "".join(sample.labels.values()): sample.value
            for family in families
            for sample in family.samples
        }


def test_each_worker_exposes_the_metrics_of_all(tmp_path: Path) -> None:
    workers = [Worker(tmp_path / f"{slot}.metrics") for slot in range(3)]
    for number, worker in enumerate(workers, 1):
        worker.requests.labels("a").inc(number)
        worker.requests.labels(str(number)).inc()
        worker.duration_s.observe(number)
        worker.feed_messages.inc(10 + number)
        worker.clients.set(number)
        worker.connected.set(number > 1)
        worker.cpu_percent.set(number)
        worker.collector.write()
    for number, worker in enumerate(workers, 1):
        assert worker.exposed() == {
            "requests_totala": 6,
            **{f"requests_total{each}": 1 for each in (1, 2, 3)},
            "duration_bucket1.0": 1,
            "duration_bucket2.0": 2,
            "duration_bucket+Inf": 3,
            "duration_count": 3,
            "duration_sum": 6,
            "feed_messages_total": 13,
            "ws_clients": 6,
            "feed_connected": 0,
            "system_cpu_percent": number,
        }


@pytest.mark.parametrize("slot", [0, 2])
def test_counters_never_decrease_and_a_worker_that_ended_has_no_clients(tmp_path: Path, slot: int) -> None:
    """Whether the next worker takes over its slot or another."""
    first, second = Worker(tmp_path / "0.metrics"), Worker(tmp_path / "1.metrics")
    for worker in (first, second):
        worker.requests.labels("a").inc(5)
        worker.duration_s.observe(1)
        worker.feed_messages.inc(10)
        worker.clients.set(2)
        worker.collector.write()
    later_ns = int(FRESH_S * SECOND) + 1
    third = Worker(tmp_path / f"{slot}.metrics", later_ns)
    third.requests.labels("a").inc()
    third.feed_messages.inc(3)
    third.clients.set(1)
    second.now_ns = later_ns
    second.feed_messages.inc(3)
    for worker in (second, third):
        worker.collector.write()
    for worker in (second, third):
        exposed = worker.exposed()
        assert exposed["requests_totala"] == 11
        assert exposed["duration_count"] == 2
        assert exposed["feed_messages_total"] == 13
        assert exposed["ws_clients"] == 3
    fourth = Worker(tmp_path / "1.metrics", later_ns)
    assert fourth.exposed()["requests_totala"] == 11
    assert fourth.exposed()["feed_messages_total"] == 13


def test_unreadable_files_of_other_workers_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "0.metrics").write_bytes(b"of another version")
    (tmp_path / "1.new").write_bytes(b"half")
    worker = Worker(tmp_path / "2.metrics")
    worker.requests.labels("a").inc()
    assert worker.exposed()["requests_totala"] == 1


def test_a_worker_that_cannot_write_its_file_logs_it_once_and_continues(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    directory = tmp_path / "metrics"
    directory.mkdir()
    worker = Worker(directory / "0.metrics")
    directory.rename(tmp_path / "moved")
    worker.collector.write()
    worker.collector.write()
    assert worker.exposed()["ws_clients"] == 0
    assert [record.message.split()[0] for record in caplog.records] == ["metrics_not_shared"]
    (tmp_path / "moved").rename(directory)
    worker.collector.write()
    assert (directory / "0.metrics").exists()
