"""Requests per second that one API process serves, and their latency.

A real Postgres with signals in it, `python -m api` in a process of its own, and a client with as little overhead as
possible. Two loads: connections that send the next request as soon as they have a response, for the maximum throughput;
and 1,000 requests per second at times that are fixed in advance, each measured from its scheduled time, so that a
stalled server is charged for all requests that wait. For comparison: a bare Starlette on the same uvicorn that sends
the same bytes and does nothing else. The client runs on the same cores, so the servers alone would do more.

    python -m benchmarks.rest [--signals N] [--connections N] [--seconds N]
"""

import argparse
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.request import urlopen

import numpy as np
import uvloop
from numpy.typing import NDArray

from benchmarks.http_load import closed_loop, open_loop
from benchmarks.report import Table, publish
from benchmarks.services import services
from benchmarks.serving import api, serving
from domain.ids import signal_id
from domain.signals import FrameView, Signal
from store import signals
from store.postgres import connect, transaction

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SYMBOLS = 1_000
CASES = {
    "live": "/livez",
    "one of the newest signals": "/api/v1/signals/{newest}",
    "one old signal, from Postgres": "/api/v1/signals/{oldest}",
    "newest 10": "/signals?limit=10",
    "newest 10, not modified (304)": "/signals?limit=10",
    "newest 100": "/signals?limit=100",
    "first page of 10 with total": "/api/v1/signals?per_page=10",
    "newest 100 of one symbol, from Postgres": "/api/v1/signals?limit=100&symbol=S7",
    "performance": "/api/v1/analytics/performance",
}
PEERS = {"bare Starlette, body of newest 10": "newest 10", "bare Starlette, body of newest 100": "newest 100"}
COLUMNS = ("case", "kB", "requests/s", "p50 ms", "p99 ms", "p50 ms at 1,000/s", "p99 ms at 1,000/s")
TABLE = Table("rest", "Requests to one API process", COLUMNS, (*CASES, *PEERS))
RATE = 1_000
WARM_S = 1.0
BARE = """
import sys, uvicorn
from api.serving.listener import listen, url_of
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
body = open(sys.argv[1], "rb").read()
async def give(request):
    return Response(body, media_type="application/json")
listener = listen("127.0.0.1", 0)
print("listening url=" + url_of(listener), file=sys.stderr, flush=True)
app = Starlette(routes=[Route("/", give)])
uvicorn.Server(
    uvicorn.Config(app, loop="uvloop", http="httptools", log_level="warning", access_log=False)
).run([listener])
"""


def id_of(number: int) -> str:
    """Of the signal of that number."""
    return signal_id(f"bench:S{number % SYMBOLS}", "5m", "breakout", 1, number // SYMBOLS)


def signal(number: int) -> Signal:
    """A signal of the size that strategies make."""
    symbol = f"S{number % SYMBOLS}"
    return Signal(
        id=id_of(number),
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


def time_one(port: int, path: str, connections: int, seconds: float, *, known: bool = False) -> list[float | None]:
    """The figures of one case, without its name; `known` asks with the tag of what came before."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    uvloop.run(closed_loop(port, request, connections, WARM_S))  # lists are in memory once they were asked for
    body, tag = _get(port, path)
    if known:
        request = request[:-2] + f"If-None-Match: {tag}\r\n\r\n".encode()
    most = np.array(uvloop.run(closed_loop(port, request, connections, seconds)))
    answered = len(most) / seconds
    told: list[float | None] = [0.0 if known else len(body) / 1_000, answered, *_percentiles(most)]
    if answered < 1.5 * RATE:  # such a rate would only fill its queue
        return [*told, None, None]
    return [*told, *_percentiles(np.array(uvloop.run(open_loop(port, request, RATE, seconds))))]


def _percentiles(took: NDArray[np.float64]) -> list[float]:
    """The median and the 99th of seconds, in milliseconds."""
    return [float(ms) for ms in np.percentile(took, (50, 99)) * 1000]


def measure(port: int, connections: int, seconds: float, count: int) -> None:
    """All cases and peers in one run."""
    told: list[tuple[Any, ...]] = []
    for what, template in CASES.items():
        path = template.format(newest=id_of(count - 1), oldest=id_of(0))
        told.append((what, *time_one(port, path, connections, seconds, known="304" in what)))
    for what, same in PEERS.items():
        with NamedTemporaryFile() as file:
            file.write(_get(port, CASES[same])[0])
            file.flush()
            with serving([sys.executable, "-c", BARE, file.name]) as (_, bare):
                told.append((what, *time_one(bare, "/", connections, seconds)))
    made_of = ", ".join(f"{name} {version(name)}" for name in ("starlette", "uvicorn", "uvloop"))
    notes = [f"{count:,} signals, {connections} saturated connections, client on the same cores", made_of]
    publish(TABLE, told, notes)


def _get(port: int, path: str) -> tuple[bytes, str | None]:
    """Body and ETag."""
    with urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.read(), answer.headers["etag"]


def main() -> None:
    """Start the servers, measure and publish the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--signals", type=int, default=50_000, help="in the database (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=8, help="that ask at once (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=4, help="for each case and way (default: %(default)s)")
    options = parser.parse_args()
    with services() as (database, cache):
        with connect(database.url) as connection:
            for first in range(0, options.signals, 1_000):
                with transaction(connection):
                    signals.write(connection, [signal(number) for number in range(first, first + 1_000)])
            connection.execute("TRUNCATE outbox")
            connection.execute("VACUUM ANALYZE signals")
        with api(database.url, cache.url) as (_, port):
            measure(port, options.connections, options.seconds, options.signals)


if __name__ == "__main__":
    main()
