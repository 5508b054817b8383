"""What ten thousand idle connections cost, and ten thousand that do not read.

`python -m api` runs in a process of its own. First the clients are idle; then others connect that never read, 3,000
signals are published, and the memory of the process and of all TCP sockets in the kernel is measured. The latter
includes both ends of each connection, since both are on this machine. The latency of a hundred clients that do read is
measured before and during that.

    python -m benchmarks.connections [--clients N]
"""

import argparse
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.broadcast.servers import Server, ours
from benchmarks.report import Table, publish
from benchmarks.services import services
from benchmarks.websocket import listening, measure, payload, stamped

READERS, MESSAGES, PAUSE_S = 100, 100, 0.02
FLOOD = 3_000
TABLE = Table(
    "connections",
    "Cost of idle and stuck connections",
    (
        "case",
        "clients",
        "process KiB per client",
        "kernel KiB per client",
        "total MB",
        "readers p50 ms",
        "readers p99 ms",
    ),
    ("none", "idle", "stuck, 3,000 signals behind"),
)


@contextmanager
def crowd(server: Server, dialect: str, count: int) -> Iterator[None]:
    """So many clients, which do nothing."""
    with listening(server, dialect, count):
        server.program.wait_until_idle()
        yield
    server.program.wait_until_idle()


def weight(server: Server) -> tuple[int, int]:
    """Bytes of the process, and of all TCP sockets in the kernel."""
    lines = Path("/proc/net/sockstat").read_text().splitlines()
    (tcp,) = (line.split() for line in lines if line.startswith("TCP:"))
    return server.program.rss, int(tcp[tcp.index("mem") + 1]) * resource.getpagesize()


def timed(server: Server) -> tuple[float, float]:
    """Milliseconds to clients that read: the median and the 99th of a hundred."""
    found = measure(server, READERS, MESSAGES, PAUSE_S)
    return found["p50_ms"], found["p99_ms"]


def row(
    what: str, count: int, before: tuple[int, int], after: tuple[int, int], took: tuple[float | None, float | None]
) -> list[Any]:
    process, kernel = (now - then for now, then in zip(after, before, strict=True))
    each = [process / count / 1024, kernel / count / 1024] if count else [None, None]
    return [what, count, *each, (process + kernel) / 1e6 if count else None, *took]


def main() -> None:
    """Measure and publish the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=10_000, help="(default: %(default)s)")
    count = parser.parse_args().clients
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    told = []
    with services() as (database, cache), ours(database.url, cache.url) as server:
        timed(server)
        told.append(row(TABLE.rows[0], 0, (0, 0), (0, 0), timed(server)))
        before = weight(server)
        with crowd(server, "quiet", count):
            idle = weight(server)
            told.append(row(TABLE.rows[1], count, before, idle, (None, None)))  # what is sent comes to them too
        before = weight(server)
        with crowd(server, "stuck", count):
            body = payload()
            for _ in range(FLOOD):
                server.give(stamped(body))
            server.program.wait_until_idle()
            stuck = weight(server)
            told.append(row(TABLE.rows[2], count, before, stuck, timed(server)))
    publish(TABLE, told, [f"{READERS} readers, {MESSAGES} messages of {len(payload()):,} bytes"])


if __name__ == "__main__":
    main()
