"""Worker: one of several processes, which is handed its connections by a doorman."""

import asyncio
import logging
import socket
from contextlib import suppress

import uvicorn

from api import tasks
from api.feed.hub import Hub
from api.serving.doorman import READY

COUNT_EVERY_S = 0.5
HANDED_AT_ONCE = 64
FEED_TRIES, FEED_PAUSE_S = 100, 0.05

log = logging.getLogger("api")


class Reception:
    """Takes what the doorman hands over, until it closes its line.

    Parameters
    ----------
    line
        To the doorman.
    server
        Serves the connections.
    hub
        Counts the clients.
    """

    def __init__(self, line: socket.socket, server: uvicorn.Server, hub: Hub) -> None:
        line.settimeout(0)
        self.ended = asyncio.Event()
        self._line = line
        self._server = server
        self._hub = hub
        self._taking: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Say that we are ready, take connections and tell how many clients there are."""
        loop = asyncio.get_running_loop()
        await self._wait_for_feed()
        with suppress(OSError):  # it is gone
            self._line.send(READY)
            loop.add_reader(self._line, self._take)
            while not self.ended.is_set():
                await asyncio.sleep(COUNT_EVERY_S)
                with suppress(BlockingIOError):  # it is busy; it will be told again
                    self._line.send(b"%d" % len(self._hub.clients))
        self.close()

    async def _wait_for_feed(self) -> None:
        """Who comes back from another worker wants to resume at once; but Redis may be away."""
        for _ in range(FEED_TRIES):
            if self._hub.epoch is not None:
                return
            await asyncio.sleep(FEED_PAUSE_S)

    def close(self) -> None:
        """Take nothing more."""
        if self._line.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._line)
            self._line.close()
        self.ended.set()

    def _take(self) -> None:
        for _ in range(HANDED_AT_ONCE):
            try:
                word, descriptors, _, _ = socket.recv_fds(self._line, 1, 1)
            except BlockingIOError:
                return
            except OSError:
                word = b""
            if not word:
                self.close()
                return
            if not descriptors:
                log.error("connection_dropped reason=too many open files")
                continue
            task = tasks.spawn("caller", self._serve(socket.socket(fileno=descriptors[0])))
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)

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
        except OSError:  # it left on the way
            connection.close()
