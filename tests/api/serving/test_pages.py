from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from api.serving.pages import FRESH_S, Pages
from domain.clock import SECOND


class Worker:
    """Counts as one of several."""

    def __init__(self, file: Path, now_ns: int = 0) -> None:
        self.now_ns = now_ns
        self.registry = CollectorRegistry()
        self.asked = Counter("asked", "Asked.", ["path"], registry=self.registry)
        self.took = Histogram("took", "Took.", buckets=(1, 2), registry=self.registry)
        self.followed = Counter("feed_messages", "Followed.", registry=self.registry)
        self.clients = Gauge("ws_clients", "Clients.", registry=self.registry)
        self.connected = Gauge("feed_connected", "Connected.", registry=self.registry)
        self.load = Gauge("system_cpu_percent", "Load.", registry=self.registry)
        self.pages = Pages(file, self.registry, lambda: self.now_ns)

    def told(self) -> dict[str, float]:
        families = text_string_to_metric_families(generate_latest(self.pages).decode())
        return {
            sample.name + "".join(sample.labels.values()): sample.value
            for family in families
            for sample in family.samples
        }


def test_whoever_is_asked_tells_of_all(tmp_path: Path) -> None:
    workers = [Worker(tmp_path / f"{place}.page") for place in range(3)]
    for number, worker in enumerate(workers, 1):
        worker.asked.labels("a").inc(number)
        worker.asked.labels(str(number)).inc()
        worker.took.observe(number)
        worker.followed.inc(10 + number)
        worker.clients.set(number)
        worker.connected.set(number > 1)
        worker.load.set(number)
        worker.pages.write()
    for number, worker in enumerate(workers, 1):
        assert worker.told() == {
            "asked_totala": 6,
            **{f"asked_total{each}": 1 for each in (1, 2, 3)},
            "took_bucket1.0": 1,
            "took_bucket2.0": 2,
            "took_bucket+Inf": 3,
            "took_count": 3,
            "took_sum": 6,
            "feed_messages_total": 13,
            "ws_clients": 6,
            "feed_connected": 0,
            "system_cpu_percent": number,
        }


@pytest.mark.parametrize("place", [0, 2])
def test_what_was_counted_never_falls_and_who_is_gone_has_no_clients(tmp_path: Path, place: int) -> None:
    """Whether the next takes its place, or another."""
    first, second = Worker(tmp_path / "0.page"), Worker(tmp_path / "1.page")
    for worker in (first, second):
        worker.asked.labels("a").inc(5)
        worker.took.observe(1)
        worker.followed.inc(10)
        worker.clients.set(2)
        worker.pages.write()
    later_ns = int(FRESH_S * SECOND) + 1
    third = Worker(tmp_path / f"{place}.page", later_ns)
    third.asked.labels("a").inc()
    third.followed.inc(3)
    third.clients.set(1)
    second.now_ns = later_ns
    second.followed.inc(3)
    for worker in (second, third):
        worker.pages.write()
    for worker in (second, third):
        told = worker.told()
        assert told["asked_totala"] == 11
        assert told["took_count"] == 2
        assert told["feed_messages_total"] == 13
        assert told["ws_clients"] == 3
    fourth = Worker(tmp_path / "1.page", later_ns)
    assert fourth.told()["asked_totala"] == 11
    assert fourth.told()["feed_messages_total"] == 13


def test_pages_of_others_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "0.page").write_bytes(b"of another version")
    (tmp_path / "1.new").write_bytes(b"half")
    worker = Worker(tmp_path / "2.page")
    worker.asked.labels("a").inc()
    assert worker.told()["asked_totala"] == 1


def test_without_room_for_its_page_a_worker_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    home = tmp_path / "home"
    home.mkdir()
    worker = Worker(home / "0.page")
    home.rename(tmp_path / "gone")
    worker.pages.write()
    worker.pages.write()
    assert worker.told()["ws_clients"] == 0
    assert [record.message.split()[0] for record in caplog.records] == ["metrics_not_shared"]
    (tmp_path / "gone").rename(home)
    worker.pages.write()
    assert (home / "0.page").exists()
