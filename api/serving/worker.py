"""Worker: one of several processes on a port; it receives its connections from the supervisor."""

import asyncio
import logging
import socket
from contextlib import suppress

import uvicorn

from api import tasks
from api.feed.hub import Hub
from api.serving.supervisor import READY

REPORT_EVERY_S = 0.5
RECEIVE_BATCH = 64
FEED_POLLS, FEED_POLL_S = 100, 0.05

log = logging.getLogger("api")


class ConnectionReceiver:
    """Receives connections from the supervisor until that closes the control socket.

    Parameters
    ----------
    control
        The worker's end of the socket pair.
    server
        Serves the connections.
    hub
        Counts the clients.

    Attributes
    ----------
    ended
        Set when no more connections will be received.
    """

    def __init__(self, control: socket.socket, server: uvicorn.Server, hub: Hub) -> None:
        control.settimeout(0)
        self.ended = asyncio.Event()
        self._control = control
        self._server = server
        self._hub = hub
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Report that the worker is ready, receive connections, and report the number of clients regularly."""
        loop = asyncio.get_running_loop()
        await self._wait_for_feed()
        with suppress(OSError):  # the supervisor is gone
            self._control.send(READY)
            loop.add_reader(self._control, self._receive)
            while not self.ended.is_set():
                await asyncio.sleep(REPORT_EVERY_S)
                with suppress(BlockingIOError):  # the supervisor is busy; the next report will do
                    self._control.send(b"%d" % len(self._hub.clients))
        self.close()

    async def _wait_for_feed(self) -> None:
        """Wait until clients that come from another worker can resume, but not for ever: Redis may be down."""
        for _ in range(FEED_POLLS):
            if self._hub.epoch:
                return
            await asyncio.sleep(FEED_POLL_S)

    def close(self) -> None:
        """Receive no more connections."""
        if self._control.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._control)
            self._control.close()
        self.ended.set()

    def _receive(self) -> None:
        for _ in range(RECEIVE_BATCH):
            try:
                message, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if not message:
                self.close()
                return
            if not descriptors:
                log.error("connection_dropped reason=too many open files")
                continue
            task = tasks.spawn("connection", self._serve(socket.socket(fileno=descriptors[0])))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: socket.socket) -> None:
        config = self._server.config
        connection.settimeout(0)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: config.http_protocol_class(  # type: ignore[call-arg]
                    config=config,
                    server_state=self._server.server_state,
                    app_state=self._server.lifespan.state,
                ),
                connection,
            )
        except OSError:  # the client left meanwhile
            connection.close()
