"""Health: /livez, /readyz and /metrics of the engine, its status in Redis, and the watchdog.

All of this runs in threads of its own, because the thread of the dataflow may be blocked.
"""

import os
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
from prometheus_client import generate_latest

from domain.errors import ServiceError, SettingError
from flows.metrics import EngineMetrics
from flows.progress import Progress
from store import feed, status

STATUS_EVERY_S = 2.0
STATUS_TTL_S = 15.0
STALLED_EXIT = 70
"""Exit status when the dataflow made no progress: EX_SOFTWARE of sysexits.h."""


def serve(host: str, port: int, metrics: EngineMetrics, progress: Progress, stalled_s: float) -> ThreadingHTTPServer:
    """Serve HTTP on `host`:`port` from a thread; the caller shuts the server down.

    Raises
    ------
    SettingError
        If the address is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, generate_latest(metrics.registry), "text/plain; version=0.0.4; charset=utf-8")
            elif self.path == "/livez":
                age_s = progress.poll_age_s()
                self._answer(200 if age_s < stalled_s else 503, _json({"poll_age_s": age_s}))
            elif self.path == "/readyz":
                ready = progress.polls > 0 and progress.poll_age_s() < stalled_s
                self._answer(200 if ready else 503, _json({"ready": ready, "epochs": progress.epochs}))
            else:
                self._answer(404, _json({"title": "Not Found", "detail": "known: /livez, /readyz, /metrics"}))

        def _answer(self, code: int, body: bytes, kind: str = "application/json") -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Do not log: probes come every few seconds."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as problem:
        raise SettingError(
            f"engine address {host}:{port} cannot be used ({problem.strerror}); set SIGNALENGINE_ENGINE_PORT to another"
        ) from None
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server


def publish_status(url: str, metrics: EngineMetrics, progress: Progress) -> None:
    """Write metrics and status to Redis for the API, every two seconds, from a thread."""

    def publish() -> None:
        client = feed.connect(url)
        while not progress.stopping.wait(STATUS_EVERY_S):
            state = {"poll_age_s": round(progress.poll_age_s(), 3), "epoch_age_s": round(progress.epoch_age_s(), 3)}
            try:
                status.set_text(client, "metrics:engine", generate_latest(metrics.registry).decode(), STATUS_TTL_S)
                status.set_text(client, "status:engine", _json(state).decode(), STATUS_TTL_S)
            except ServiceError:
                continue  # the sources and sinks of the dataflow report the outage, and wait

    threading.Thread(target=publish, name="status", daemon=True).start()


def start_watchdog(progress: Progress, stalled_s: float) -> None:
    """Start a thread that exits the process when the dataflow no longer polls for input.

    A blocked disk, database or peer freezes a worker silently and forever. A supervisor notices an exit,
    and a restart loses nothing.
    """

    def check() -> None:
        while not progress.stopping.is_set():
            time.sleep(min(1.0, stalled_s / 4))
            if progress.poll_age_s() > stalled_s:
                sys.stderr.write(
                    f"signalengine: no progress for {progress.poll_age_s():.0f} s; exiting to be restarted\n"
                )
                sys.stderr.flush()
                os._exit(STALLED_EXIT)

    threading.Thread(target=check, name="watchdog", daemon=True).start()


def _json(content: Mapping[str, object]) -> bytes:
    return msgspec.json.encode(content)
