"""Several worker processes on one port."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import psutil
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

from store import feed, signals
from tests.api.builders import emitted
from tests.api.conftest import receive
from tests.api.feed.follower import Follower
from tests.api.test_main import SERVICES, running, setup_error
from tests.until import until


@contextmanager
def running_workers(database_url: str, redis_url: str, processes: int = 2) -> Iterator[tuple[psutil.Process, str]]:
    """The supervisor's process, with so many workers, and its address."""
    services = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "SIGNALENGINE_API_PORT": "0"}
    with running(**services, SIGNALENGINE_API_PROCESSES=str(processes)) as (process, address):
        supervisor = psutil.Process(process.pid)
        assert len(supervisor.children()) == processes
        yield supervisor, address
        process.terminate()
        assert process.wait(30) == 0


def connections_of(worker: psutil.Process, address: str) -> int:
    port = int(address.rpartition(":")[2])
    connections = worker.net_connections("tcp")
    return sum(each.status == psutil.CONN_ESTABLISHED and each.laddr.port == port for each in connections)


def has_ended(process: psutil.Process) -> bool:
    """Whether a killed process is gone. Its main thread can be a zombie while others still hold its sockets open."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return "State:\tZ" in status and "Threads:\t1\n" in status


def test_workers_have_equal_numbers_of_clients(database_url: str, clean_redis_url: str) -> None:
    with running_workers(database_url, clean_redis_url, 3) as (supervisor, address), ExitStack() as stack:
        for _ in range(60):
            websocket = stack.enter_context(connect(f"ws://{address}/ws/feed", proxy=None))
            assert receive(websocket)["type"] == "connected"
        counts = [connections_of(worker, address) for worker in supervisor.children()]
        assert sum(counts) == 60
        assert max(counts) - min(counts) <= 4
        assert all(httpx2.get(f"http://{address}/livez").status_code == 200 for _ in range(20))


def test_a_restart_loses_no_message_and_refuses_no_connection(database_url: str, clean_redis_url: str) -> None:
    writer = feed.connect(clean_redis_url)
    with running_workers(database_url, clean_redis_url) as (supervisor, address):
        until(lambda: httpx2.get(f"http://{address}/readyz").status_code == 200)
        followers = [Follower(address) for _ in range(12)]
        until(lambda: all(follower.connections for follower in followers))
        old = {worker.pid for worker in supervisor.children()}
        seq, requests = 0, 0
        os.kill(supervisor.pid, signal.SIGHUP)

        def are_replaced() -> bool:
            return not old & {worker.pid for worker in supervisor.children()}

        deadline = time.monotonic() + 60
        while not are_replaced():
            assert time.monotonic() < deadline
            seq += 1
            feed.publish(writer, "signals", [(seq, signals.payload(emitted(seq)))])
            assert httpx2.get(f"http://{address}/livez").status_code == 200
            requests += 1
        until(lambda: all(follower.seen == seq for follower in followers))
        for follower in followers:
            follower.stop()
            assert follower.account(seq) == set()
            assert follower.missed == []
            assert follower.connections >= 2
        assert requests > 20
    writer.close()


def counts_of(address: str) -> tuple[float, float]:
    """Requests of one path and messages of the feed, as `/metrics` counts them."""
    text = httpx2.get(f"http://{address}/metrics").text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    requests = sum(
        sample.value
        for sample in samples
        if sample.name == "http_request_duration_seconds_count" and sample.labels["path"] == "/asyncapi.json"
    )
    return requests, sum(sample.value for sample in samples if sample.name == "feed_messages_total")


def test_metrics_cover_all_workers_and_outlive_them(database_url: str, clean_redis_url: str) -> None:
    writer = feed.connect(clean_redis_url)
    with running_workers(database_url, clean_redis_url) as (supervisor, address):
        until(lambda: httpx2.get(f"http://{address}/readyz").status_code == 200)
        for _ in range(20):
            assert httpx2.get(f"http://{address}/asyncapi.json").status_code == 200
        feed.publish(writer, "signals", [(seq, signals.payload(emitted(seq))) for seq in range(1, 6)])
        until(lambda: {counts_of(address) for _ in range(6)} == {(20, 5)})
        first, second = supervisor.children()
        first.kill()
        until(lambda: not first.is_running() or first.status() == psutil.STATUS_ZOMBIE)
        counts = []

        def are_replaced(old: set[psutil.Process]) -> bool:
            if second.is_running():  # a worker can answer
                counts.append(counts_of(address))
            return len(supervisor.children()) == 2 and not old & set(supervisor.children())

        until(lambda: are_replaced({first}))
        old = set(supervisor.children())
        os.kill(supervisor.pid, signal.SIGHUP)
        until(lambda: are_replaced(old), within_s=60)
        assert {counts_of(address) for _ in range(6)} == {(20, 5)}
        assert set(counts) == {(20, 5)}
        assert len(counts) > 10
    writer.close()


def test_a_worker_that_dies_is_replaced(database_url: str, clean_redis_url: str) -> None:
    with running_workers(database_url, clean_redis_url) as (supervisor, address):
        first, second = supervisor.children()
        first.kill()
        assert httpx2.get(f"http://{address}/livez").status_code == 200
        until(lambda: len(supervisor.children()) == 2 and first not in supervisor.children())
        assert second in supervisor.children()
        until(lambda: httpx2.get(f"http://{address}/readyz").status_code == 200)


def test_a_worker_that_dies_while_it_starts_does_not_block_a_restart(database_url: str, clean_redis_url: str) -> None:
    with running_workers(database_url, clean_redis_url) as (supervisor, address), ExitStack() as stack:
        first, second = supervisor.children()
        first.kill()
        (starting,) = until(lambda: set(supervisor.children()) - {first, second})
        starting.suspend()
        os.kill(supervisor.pid, signal.SIGHUP)
        until(lambda: len(supervisor.children()) == 4)
        new = set(supervisor.children()) - {second, starting}
        host, port = address.split(":")

        def are_serving() -> bool:
            stack.enter_context(socket.create_connection((host, int(port)), timeout=20))
            return all(connections_of(worker, address) for worker in new)

        until(are_serving)
        starting.kill()
        until(lambda: set(supervisor.children()) == new)


def test_a_wrong_setting_ends_the_supervisor_too() -> None:
    assert "SIGNALENGINE_API_PROCESSES='0'" in setup_error(**SERVICES, SIGNALENGINE_API_PROCESSES="0")


def test_connections_wait_for_new_workers_when_all_die_at_once(database_url: str, clean_redis_url: str) -> None:
    with running_workers(database_url, clean_redis_url) as (supervisor, address):
        supervisor.suspend()  # so that it notices the deaths and the connection at the same moment
        until(lambda: supervisor.status() == psutil.STATUS_STOPPED)
        workers = supervisor.children()
        for worker in workers:
            worker.kill()
        until(lambda: all(has_ended(worker) for worker in workers))
        host, port = address.split(":")
        with socket.create_connection((host, int(port)), timeout=60) as client:
            client.sendall(f"GET /livez HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
            supervisor.resume()
            assert client.recv(12) == b"HTTP/1.1 200"


def test_continuous_requests_are_answered_through_a_restart(database_url: str, clean_redis_url: str) -> None:
    """On a keep-alive connection and on new ones, while no WebSocket client keeps the old workers running."""
    with running_workers(database_url, clean_redis_url) as (supervisor, address):
        stop, failures, requests = threading.Event(), [], [0, 0]

        def send_requests(index: int, *, keep_alive: bool) -> None:
            with httpx2.Client(base_url=f"http://{address}", timeout=30) as client:
                while not stop.is_set():
                    try:
                        response = (client if keep_alive else httpx2).get(f"http://{address}/livez")
                        assert response.status_code == 200
                        requests[index] += 1
                    except (httpx2.TransportError, AssertionError) as problem:
                        failures.append((keep_alive, problem))

        threads = [
            threading.Thread(target=send_requests, args=(index,), kwargs={"keep_alive": index == 0})
            for index in range(2)
        ]
        old = {worker.pid for worker in supervisor.children()}
        for thread in threads:
            thread.start()
        os.kill(supervisor.pid, signal.SIGHUP)
        until(lambda: not old & {worker.pid for worker in supervisor.children()}, 60)
        stop.set()
        for thread in threads:
            thread.join()
        assert failures == []
        assert min(requests) > 20
