"""Several processes on one port."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx2
import psutil
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

from store import feed, signals
from tests.api.builders import emitted
from tests.api.conftest import receive
from tests.api.feed.following import Follower
from tests.api.test_main import SERVICES, refused, running
from tests.until import until


@contextmanager
def workers_of(database_url: str, redis_url: str, processes: int = 2) -> Iterator[tuple[psutil.Process, str]]:
    services = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "SIGNALENGINE_API_PORT": "0"}
    with running(**services, SIGNALENGINE_API_PROCESSES=str(processes)) as (process, address):
        parent = psutil.Process(process.pid)
        assert len(parent.children()) == processes
        yield parent, address
        process.terminate()
        assert process.wait(30) == 0


def clients(worker: psutil.Process, address: str) -> int:
    port = int(address.rpartition(":")[2])
    found = worker.net_connections("tcp")
    return sum(one.status == psutil.CONN_ESTABLISHED and one.laddr.port == port for one in found)


def test_workers_have_equal_numbers_of_clients(database_url: str, clean_redis_url: str) -> None:
    with workers_of(database_url, clean_redis_url, 3) as (parent, address), ExitStack() as stack:
        for _ in range(60):
            websocket = stack.enter_context(connect(f"ws://{address}/ws/feed", proxy=None))
            assert receive(websocket)["type"] == "connected"
        counts = [clients(worker, address) for worker in parent.children()]
        assert sum(counts) == 60
        assert max(counts) - min(counts) <= 4
        assert all(httpx2.get(f"http://{address}/livez").status_code == 200 for _ in range(20))


def test_a_restart_loses_no_message_and_refuses_no_caller(database_url: str, clean_redis_url: str) -> None:
    writer = feed.connect(clean_redis_url)
    with workers_of(database_url, clean_redis_url) as (parent, address):
        until(lambda: httpx2.get(f"http://{address}/readyz").status_code == 200)
        followers = [Follower(address) for _ in range(12)]
        until(lambda: all(follower.connections for follower in followers))
        before = {worker.pid for worker in parent.children()}
        seq, asked = 0, 0
        os.kill(parent.pid, signal.SIGHUP)

        def are_renewed() -> bool:
            return not before & {worker.pid for worker in parent.children()}

        deadline = time.monotonic() + 60
        while not are_renewed():
            assert time.monotonic() < deadline
            seq += 1
            feed.publish(writer, "signals", [(seq, signals.payload(emitted(seq)))])
            assert httpx2.get(f"http://{address}/livez").status_code == 200
            asked += 1
        until(lambda: all(follower.seen == seq for follower in followers))
        for follower in followers:
            follower.stop()
            assert follower.account(seq) == set()
            assert follower.missed == []
            assert follower.connections >= 2
        assert asked > 20
    writer.close()


def counted(address: str) -> tuple[float, float]:
    """Requests of one path that were answered, and messages of the feed, as whoever is asked tells."""
    text = httpx2.get(f"http://{address}/metrics").text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    asked = sum(
        sample.value
        for sample in samples
        if sample.name == "http_request_duration_seconds_count" and sample.labels["path"] == "/asyncapi.json"
    )
    return asked, sum(sample.value for sample in samples if sample.name == "feed_messages_total")


def test_metrics_are_those_of_all_workers_and_outlive_them(database_url: str, clean_redis_url: str) -> None:
    writer = feed.connect(clean_redis_url)
    with workers_of(database_url, clean_redis_url) as (parent, address):
        until(lambda: httpx2.get(f"http://{address}/readyz").status_code == 200)
        for _ in range(20):
            assert httpx2.get(f"http://{address}/asyncapi.json").status_code == 200
        feed.publish(writer, "signals", [(seq, signals.payload(emitted(seq))) for seq in range(1, 6)])
        until(lambda: {counted(address) for _ in range(6)} == {(20, 5)})
        first, second = parent.children()
        first.kill()
        until(lambda: not first.is_running() or first.status() == psutil.STATUS_ZOMBIE)
        seen = []

        def are_new(gone: set[psutil.Process]) -> bool:
            if second.is_running():  # there is somebody to ask
                seen.append(counted(address))
            return len(parent.children()) == 2 and not gone & set(parent.children())

        until(lambda: are_new({first}))
        before = set(parent.children())
        os.kill(parent.pid, signal.SIGHUP)
        until(lambda: are_new(before), within_s=60)
        assert {counted(address) for _ in range(6)} == {(20, 5)}
        assert set(seen) == {(20, 5)}
        assert len(seen) > 10
    writer.close()


def test_a_worker_that_dies_is_replaced(database_url: str, clean_redis_url: str) -> None:
    with workers_of(database_url, clean_redis_url) as (parent, address):
        first, second = parent.children()
        first.kill()
        assert httpx2.get(f"http://{address}/livez").status_code == 200
        until(lambda: len(parent.children()) == 2 and first not in parent.children())
        assert second in parent.children()
        until(lambda: httpx2.get(f"http://{address}/readyz").status_code == 200)


def test_a_wrong_set_up_ends_the_parent_too() -> None:
    assert "SIGNALENGINE_API_PROCESSES='0'" in refused(**SERVICES, SIGNALENGINE_API_PROCESSES="0")


def test_when_all_workers_die_at_once_callers_wait_for_the_next(database_url: str, clean_redis_url: str) -> None:
    with workers_of(database_url, clean_redis_url) as (parent, address):
        parent.suspend()  # so that it learns of the deaths and of a caller at the same moment
        until(lambda: parent.status() == psutil.STATUS_STOPPED)
        workers = parent.children()
        for worker in workers:
            worker.kill()
        until(lambda: all(worker.status() == psutil.STATUS_ZOMBIE for worker in workers))
        host, port = address.split(":")
        with socket.create_connection((host, int(port)), timeout=60) as caller:
            caller.sendall(f"GET /livez HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
            parent.resume()
            assert caller.recv(12) == b"HTTP/1.1 200"


def test_who_asks_again_and_again_is_answered_through_a_restart(database_url: str, clean_redis_url: str) -> None:
    """On connections that stay open and on new ones, with nobody listening who would keep the old workers."""
    with workers_of(database_url, clean_redis_url) as (parent, address):
        ended, failed, asked = threading.Event(), [], [0, 0]

        def ask(place: int, *, anew: bool) -> None:
            with httpx2.Client(base_url=f"http://{address}", timeout=30) as client:
                while not ended.is_set():
                    try:
                        answer = (httpx2 if anew else client).get(f"http://{address}/livez")
                        assert answer.status_code == 200
                        asked[place] += 1
                    except (httpx2.TransportError, AssertionError) as problem:
                        failed.append((anew, problem))

        threads = [threading.Thread(target=ask, args=(place,), kwargs={"anew": bool(place)}) for place in (0, 1)]
        before = {worker.pid for worker in parent.children()}
        for thread in threads:
            thread.start()
        os.kill(parent.pid, signal.SIGHUP)
        until(lambda: not before & {worker.pid for worker in parent.children()}, 60)
        ended.set()
        for thread in threads:
            thread.join()
        assert failed == []
        assert min(asked) > 20
