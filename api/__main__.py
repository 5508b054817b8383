"""`python -m api`: serve the API until a signal stops it."""

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
from api.serving.http_protocol import HttpProtocol
from api.serving.listener import BACKLOG, listen, url_of
from api.serving.supervisor import Supervisor
from api.serving.worker import ConnectionReceiver
from api.settings import ApiSettings
from api.websocket.protocol import WebSocketProtocol
from domain.environ import read
from domain.errors import SettingError, SetupError

SHUTDOWN_NOTICE_S = 0.1
"""Time between `going_away`, which tells clients when to reconnect, and the close of their connections."""
DRAIN_POLLS, DRAIN_POLL_S = 80, 0.1
"""How long a worker that is replaced waits for its clients to disconnect: longer than any `reconnect_after_ms`."""
DRAIN_POLLS_MIN = 10
"""How long it waits at least: for connections just received, and for keep-alive connections, whose next response
carries `Connection: close`."""
GRACEFUL_SHUTDOWN_S = 5
"""How long requests may take to finish after that."""

log = logging.getLogger("api")


class Server(uvicorn.Server):
    """uvicorn, which sends `going_away` to the clients of the feed before it closes them with 1012.

    Parameters
    ----------
    config
        uvicorn's configuration.
    hub
        Holds the clients of the feed.
    control
        Socket to the supervisor, which passes connections over it; None: this process accepts them itself.
    """

    def __init__(self, config: uvicorn.Config, hub: Hub, control: socket.socket | None = None) -> None:
        super().__init__(config)
        self._hub = hub
        self._control = control
        self._receiving: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start serving, and as a worker receiving connections."""
        await super().startup(sockets)
        if self._control is not None:
            receiver = ConnectionReceiver(self._control, self, self._hub)
            self._receiving = tasks.spawn("receiver", self._receive_and_drain(receiver))

    async def _receive_and_drain(self, receiver: ConnectionReceiver) -> None:
        """Receive connections until the supervisor retires this worker, then wait for the clients to leave."""
        await receiver.run()
        self._hub.announce_shutdown(Random())  # noqa: S311  spreads reconnects over seconds
        # uvicorn rebuilds its default headers from the encoded ones every second.
        for headers in (self.server_state.default_headers, self.config.encoded_headers):
            headers.append((b"connection", b"close"))
        for poll in range(DRAIN_POLLS):
            if self.should_exit or (poll >= DRAIN_POLLS_MIN and not self._hub.clients):
                break
            await asyncio.sleep(DRAIN_POLL_S)
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: notify clients, close their connections, let requests finish, abort what is left."""
        self._hub.announce_shutdown(Random())  # noqa: S311  spreads reconnects over seconds
        await asyncio.sleep(SHUTDOWN_NOTICE_S)
        self._hub.close_all()
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):  # those that did not close
            connection.transport.abort()
        await asyncio.sleep(0)


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Serve, and return the exit status; 2 if the set-up is wrong, with one line on stderr that says how to mend it."""
    parser = argparse.ArgumentParser(prog="python -m api", description="Serve REST, WebSocket and metrics.")
    parser.add_argument("--check", action="store_true", help="check the settings and exit")
    parser.add_argument("--worker", type=int, metavar="FD", help=argparse.SUPPRESS)
    parser.add_argument("--metrics-file", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    signal.signal(signal.SIGTERM, _exit)  # uvicorn raises the signal again once it has stopped
    try:
        settings = read(ApiSettings, "api", environ)
        app = build(
            settings,
            read(SecuritySettings, "security", environ),
            database_url=_required(environ, "DATABASE_URL"),
            redis_url=_required(environ, "REDIS_URL"),
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
    gc.freeze()  # imported modules are permanent; collecting over them blocked the event loop for 50 ms
    if listener is None:
        app.state.resources.metrics.share(options.metrics_file, time.time_ns)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a terminal sends it to the whole process group
        Server(config(app, settings), hub, socket.socket(fileno=options.worker)).run([])
    elif settings.processes > 1:
        supervisor = Supervisor(listener, settings.processes, time.perf_counter)
        return supervisor.run(lambda: log.info("listening url=%s processes=%d", url_of(listener), settings.processes))
    else:
        log.info("listening url=%s", url_of(listener))
        server = Server(config(app, settings), hub)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup ignores it
            signal.signal(signal.SIGHUP, server.handle_exit)  # no worker can take over: stop, as at SIGTERM
        server.run([listener])
    return 0


def config(app: object, settings: ApiSettings, *, fallback: bool = False) -> uvicorn.Config:
    """The configuration of uvicorn.

    Its access log is off, since it contains whole URLs. With `fallback` WebSockets go through ASGI, as they do
    under other servers, with two tasks per client where our own protocol has none.
    """
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # Starlette's types of ASGI are not uvicorn's
        loop="uvloop",
        http=HttpProtocol,
        ws="websockets-sansio" if fallback else WebSocketProtocol,
        ws_max_size=settings.message_bytes_max,
        ws_ping_interval=settings.ping_s,  # this line and the next only affect the fallback
        ws_ping_timeout=2 * settings.ping_s,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        log_level="error",  # anyone who can connect can cause its warnings
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
    )


def _required(environ: Mapping[str, str], name: str) -> str:
    if not environ.get(name):
        raise SettingError(f"{name} is not set; set it, or run 'signalengine up', which starts both services")
    return environ[name]


def _exit(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
