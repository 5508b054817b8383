"""Requests a second that one API process answers, and how long they take.

A real Postgres with signals in it, `python -m api` in a process of its own, and a client that does as
little as it can: some connections that stay open, each asking again as soon as it has its answer. The
client runs on the same cores, so the server alone would do more.

    python -m benchmarks.rest [--signals N] [--connections N] [--seconds N]
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from benchmarks.report import Table, tell
from benchmarks.services import services
from domain.ids import signal_id
from domain.signals import FrameView, Signal
from store import signals
from store.postgres import connect, transaction

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SYMBOLS = 1_000
KEPT = signal_id("bench:S0", "5m", "breakout", 1, 0)
CASES = {
    "live": "/livez",
    "one signal": f"/api/v1/signals/{KEPT}",
    "newest 10": "/signals?limit=10",
    "newest 100": "/signals?limit=100",
    "newest 100 of one symbol": "/api/v1/signals?limit=100&symbol=S7",
    "first page with total": "/api/v1/signals?per_page=10",
}
TABLE = Table("rest", "Requests to one API process", ("what", "requests/s", "p50 ms", "p99 ms"), tuple(CASES))


def signal(number: int) -> Signal:
    """A signal of the size that strategies make."""
    symbol = f"S{number % SYMBOLS}"
    return Signal(
        id=signal_id(f"bench:{symbol}", "5m", "breakout", 1, number // SYMBOLS),
        venue="bench",
        symbol=symbol,
        market_slug=symbol.lower(),
        signal_type="breakout",
        timeframe="5m",
        direction="long",
        detected_at=BEGIN + timedelta(seconds=number),
        entry_price=100.25,
        take_profit=102.5,
        stop_loss=99.125,
        expires_at=BEGIN + timedelta(seconds=number, hours=4),
        status="emitted",
        suppressed_reason=None,
        raw_confidence=0.6,
        mtf_aligned=True,
        mtf_score=0.75,
        mtf_details={frame: FrameView(1, 0.5) for frame in ("1m", "5m", "15m", "1h")},
        events=["breakout", "volume_spike"],
        features={f"feature_{place}": place / 7 for place in range(40)},
        reason="The close broke the range of the last 20 bars on three times its usual volume.",
        simulated=True,
    )


async def ask(port: int, path: str, connections: int, seconds: float) -> list[float]:
    """Seconds that each request took."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
        while (began := time.perf_counter()) < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 "), head
            await reader.readexactly(int(re.search(rb"content-length: (\d+)", head)[1]))  # type: ignore[index]
            took.append(time.perf_counter() - began)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(one_connection() for _ in range(connections)))
    return took


@contextmanager
def api(database_url: str, redis_url: str) -> Iterator[int]:
    """The port of a running API."""
    environ = os.environ | {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "SIGNALENGINE_API_PORT": "0"}
    with subprocess.Popen([sys.executable, "-m", "api"], env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = next(f for line in process.stderr if (f := re.search(r"listening url=http://\S+:(\d+)", line)))
        yield int(found[1])
        process.terminate()


def measure(port: int, connections: int, seconds: float, count: int) -> None:
    """All cases in one run."""
    told: list[tuple[Any, ...]] = []
    for what, path in CASES.items():
        asyncio.run(ask(port, path, connections, 0.5))
        took = asyncio.run(ask(port, path, connections, seconds))
        p50, p99 = np.percentile(took, (50, 99)) * 1000
        told.append((what, len(took) / seconds, float(p50), float(p99)))
    tell(TABLE, told, [f"{count:,} signals, {connections} connections that never pause, client on the same cores"])


def main() -> None:
    """Start the servers, measure, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--signals", type=int, default=50_000, help="in the database (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=8, help="that ask at once (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=5, help="for each case (default: %(default)s)")
    options = parser.parse_args()
    with services() as (database, cache):
        with connect(database.url) as connection:
            for first in range(0, options.signals, 1_000):
                with transaction(connection):
                    signals.write(connection, [signal(number) for number in range(first, first + 1_000)])
            connection.execute("TRUNCATE outbox")
            connection.execute("VACUUM ANALYZE signals")
        with api(database.url, cache.url) as port:
            measure(port, options.connections, options.seconds, options.signals)


if __name__ == "__main__":
    main()
