"""Broadcast latency: how long a message takes to all clients of one server, ours and others.

Each server gets the same signal at the same rate, and the same client program (`broadcast/listeners.py`). Ours and the
bare sockets of uvloop receive it through Valkey, the others directly from a socket. Some messages are sent before those
that are measured. Every server runs three times, in turns; the run with the median p99 counts.

    python -m benchmarks.websocket [--clients N …]
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Any

import msgspec

from benchmarks.broadcast.servers import PEERS, NotInstalledError, Server, bare, ours
from benchmarks.report import Table, publish
from benchmarks.rest import signal
from benchmarks.services import services

CASES = {1_000: (200, 0.05), 10_000: (20, 0.5)}
"""By number of clients: messages, and seconds between them; 20,000 deliveries a second each."""
FIRST_SHARE = 10
"""One message in so many comes before those that are timed."""
RUNS = 3
OURS = "signalengine"
BARE = "bare uvloop sockets"
NAMES = (OURS, BARE, *PEERS)
TABLE = Table(
    "websocket",
    "Broadcast latency of one process",
    ("server, clients", "p50 ms", "p99 ms", "max ms", "p99 ÷ bare", "CPU µs per delivery"),
    tuple(f"{name}, {clients:,}" for clients in CASES for name in NAMES),
)

Start = Callable[[], AbstractContextManager[Server]]


def payload() -> bytes:
    """A signal of the usual size, with a place for the stamp."""
    stamped = msgspec.structs.replace(signal(1), reason=f"t={0:016d}", features={})
    return msgspec.json.encode(stamped)


def stamped(body: bytes) -> bytes:
    """The same, made now."""
    at = body.index(b"t=0") + 2
    return body[:at] + b"%016d" % time.monotonic_ns() + body[at + 16 :]


def measure(server: Server, clients: int, messages: int, pause_s: float) -> dict[str, float]:
    """Connect, send, and what the listeners say."""
    first = messages // FIRST_SHARE
    with listening(server, server.dialect, clients, first, messages) as heard:
        server.program.wait_until_idle()
        _give(server, first, pause_s)
        assert heard.readline() == "warm\n"
        before = server.program.cpu_s
        _give(server, messages, pause_s)
        said: dict[str, float] = json.loads(heard.readline())
        said["server_cpu_s"] = server.program.cpu_s - before
    return said


@contextmanager
def listening(server: Server, dialect: str, clients: int, first: int = 0, messages: int = 0) -> Iterator[IO[str]]:
    """Clients that are connected, and what they will say of what they get."""
    words = [str(server.port), server.path, dialect, *map(str, (clients, first, messages))]
    command = [sys.executable, "-m", "benchmarks.broadcast.listeners", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield process.stdout
        finally:
            process.kill()


def _give(server: Server, messages: int, pause_s: float) -> None:
    """Have it send so many, at instants that are fixed before."""
    body, due = payload(), time.perf_counter()
    for _ in range(messages):
        server.give(stamped(body))
        due += pause_s
        time.sleep(max(0.0, due - time.perf_counter()))


def main() -> None:
    """Measure all, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="*", choices=list(CASES), help="only so many")
    parser.add_argument("--servers", nargs="*", choices=NAMES, help="only these")
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    runs: dict[tuple[str, int], list[dict[str, float]]] = {}
    made_of: dict[str, str] = {}
    notes = [f"{deliveries(CASES):,} deliveries per second, messages of {len(payload()):,} bytes"]
    with services() as (database, cache):
        starts: dict[str, Start] = {
            OURS: lambda: ours(database.url, cache.url),
            BARE: lambda: bare(cache.url),
            **PEERS,
        }
        for clients, (messages, pause_s) in CASES.items():
            for name in NAMES * RUNS:
                if (options.clients and clients not in options.clients) or (
                    options.servers and name not in options.servers
                ):
                    continue
                try:
                    with starts[name]() as server:
                        made_of[name] = server.made_of
                        found = measure(server, clients, messages, pause_s)
                except NotInstalledError as problem:
                    notes.append(f"{name} not measured: {problem}")
                    continue
                if found["came"] != clients * messages:
                    notes.append(f"{name}, {clients:,}: {found['came']:,.0f} of {clients * messages:,} came")
                runs.setdefault((name, clients), []).append(found)
                print(name, clients, found, flush=True)
    notes.append(", ".join(made_of.values()))
    publish(TABLE, rows({key: middle(each) for key, each in runs.items()}), list(dict.fromkeys(notes)))


def deliveries(cases: dict[int, tuple[int, float]]) -> int:
    """A second; the same in each case."""
    (each,) = {round(clients / pause_s) for clients, (_, pause_s) in cases.items()}
    return each


def middle(runs: list[dict[str, float]]) -> dict[str, float]:
    """The median run by its p99."""
    return sorted(runs, key=lambda one: one["p99_ms"])[len(runs) // 2]


def rows(found_by: dict[tuple[str, int], dict[str, float]]) -> list[list[Any]]:
    """One for each server and number of clients."""
    made: list[list[Any]] = []
    for clients, (messages, _) in CASES.items():
        least = found_by.get((BARE, clients))
        for name in NAMES:
            found = found_by.get((name, clients))
            cells: list[Any] = [None] * 5
            if found is not None:
                cells = [found["p50_ms"], found["p99_ms"], found["max_ms"]]
                cells.append(found["p99_ms"] / least["p99_ms"] if least else None)
                cells.append(found["server_cpu_s"] / (clients * messages) * 1e6)
            made.append([f"{name}, {clients:,}", *cells])
    return made


if __name__ == "__main__":
    main()
