"""`python -m api`: serves the API until it is told to stop."""

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from types import FrameType

import uvicorn

from api import tasks
from api.app import build
from api.feed.hub import Hub
from api.security.settings import SecuritySettings
from api.serving.door import Door
from api.serving.doorman import Doorman
from api.serving.listener import BACKLOG, listen, url_of
from api.serving.worker import Reception
from api.settings import ApiSettings
from api.websocket.protocol import WebSocketProtocol
from domain.environ import read
from domain.errors import SettingError, SetupError

FAREWELL_S = 0.1
"""How long clients get to hear that the server stops, and when to come back."""
DRAIN_TICKS, DRAIN_TICK_S = 80, 0.1
"""How long a worker that is replaced waits for its clients to leave: longer than the longest that it asks them for."""
DRAIN_TICKS_LEAST = 10
"""The same for callers who have just come, or ask again on a connection that stays open; they are told to leave it."""
STOP_S = 5
"""How long requests may take to finish after that."""

log = logging.getLogger("api")


class Server(uvicorn.Server):
    """uvicorn, with a word to WebSocket clients before it closes them with 1012.

    Parameters
    ----------
    config
        Of uvicorn.
    hub
        With the clients.
    line
        To the doorman, who hands over connections; None if we accept them ourselves.
    """

    def __init__(self, config: uvicorn.Config, hub: Hub, line: socket.socket | None = None) -> None:
        super().__init__(config)
        self._hub = hub
        self._line = line
        self._reception: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        if self._line is not None:
            self._reception = tasks.spawn("reception", self._receive(Reception(self._line, self, self._hub)))

    async def _receive(self, reception: Reception) -> None:
        """Take connections until the doorman sends us away; then our clients have some time to go elsewhere."""
        await reception.run()
        self._hub.farewell(Random())  # noqa: S311  it spreads clients over seconds
        for headers in (self.server_state.default_headers, self.config.encoded_headers):  # of now, and of later
            headers.append((b"connection", b"close"))
        for tick in range(DRAIN_TICKS):
            if self.should_exit or (tick >= DRAIN_TICKS_LEAST and not self._hub.clients):
                break
            await asyncio.sleep(DRAIN_TICK_S)
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self._hub.farewell(Random())  # noqa: S311  it spreads clients over seconds
        await asyncio.sleep(FAREWELL_S)
        self._hub.dismiss()
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):  # those who neither answer nor leave
            connection.transport.abort()
        await asyncio.sleep(0)


def main(words: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Serve. Exit status 2 means that the set-up is wrong; the message says how to mend it."""
    parser = argparse.ArgumentParser(prog="python -m api", description="Serves REST, WebSocket and metrics.")
    parser.add_argument("--check", action="store_true", help="read the settings, say what is wrong, and stop")
    parser.add_argument("--worker", type=int, metavar="FD", help=argparse.SUPPRESS)
    parser.add_argument("--page", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    signal.signal(signal.SIGTERM, _leave)  # for uvicorn to fall back on when it has stopped
    try:
        settings = read(ApiSettings, "api", environ)
        app = build(
            settings,
            read(SecuritySettings, "security", environ),
            database_url=_address(environ, "DATABASE_URL"),
            redis_url=_address(environ, "REDIS_URL"),
            now_ns=time.time_ns,
            steady_s=time.perf_counter,
        )
        if options.check:
            return 0
        listener = None if options.worker is not None else listen(settings.host, settings.port)
    except SetupError as problem:
        sys.stderr.write(f"signalengine api: {problem}\n")
        return 2
    hub = app.state.resources.hub
    gc.collect()
    gc.freeze()  # all that was imported stays: to look through it took 50 ms, in which nobody is served
    if listener is None:
        app.state.resources.metrics.share(options.page, time.time_ns)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a terminal that hangs up tells us too
        Server(config(app, settings), hub, socket.socket(fileno=options.worker)).run([])
    elif settings.processes > 1:
        doorman = Doorman(listener, settings.processes, time.perf_counter)
        return doorman.run(lambda: log.info("listening url=%s processes=%d", url_of(listener), settings.processes))
    else:
        log.info("listening url=%s", url_of(listener))
        server = Server(config(app, settings), hub)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup wants it
            signal.signal(signal.SIGHUP, server.handle_exit)  # with nobody to take over it is the end, as SIGTERM is
        server.run([listener])
    return 0


def config(app: object, settings: ApiSettings, *, fallback: bool = False) -> uvicorn.Config:
    """How uvicorn is to serve.

    Its lines about each request are off, since they hold whole addresses. With `fallback` WebSockets go
    through ASGI, as they do under other servers, with two tasks a client where our own protocol has none.
    """
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # Starlette's types of ASGI are not uvicorn's
        loop="uvloop",
        http=Door,
        ws="websockets-sansio" if fallback else WebSocketProtocol,
        ws_max_size=settings.message_bytes_max,
        ws_ping_interval=settings.ping_s,  # this and the next but for the fallback
        ws_ping_timeout=2 * settings.ping_s,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        log_level="error",  # any stranger can bring about its warnings
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=STOP_S,
    )


def _address(environ: Mapping[str, str], name: str) -> str:
    if not environ.get(name):
        raise SettingError(f"{name} is not set; set it, or run 'signalengine up', which starts both services")
    return environ[name]


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
