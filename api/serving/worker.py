"""Worker: one of several processes, which is handed its connections by a doorman."""

import asyncio
import socket
from typing import Any

import uvicorn

from api.feed.hub import Hub
from api.serving.doorman import READY

COUNT_EVERY_S = 0.5
HANDED_AT_ONCE = 64
FEED_TRIES, FEED_PAUSE_S = 100, 0.05


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
        self._taking: set[asyncio.Task[Any]] = set()

    async def run(self) -> None:
        """Say that we are ready, take connections and tell how many clients there are."""
        loop = asyncio.get_running_loop()
        await self._wait_for_feed()
        self._line.send(READY)
        loop.add_reader(self._line, self._take)
        while not self.ended.is_set():
            await asyncio.sleep(COUNT_EVERY_S)
            try:
                self._line.send(b"%d" % len(self._hub.clients))
            except BlockingIOError:
                continue  # it is busy; it will be told again
            except OSError:
                break
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
                _, descriptors, _, _ = socket.recv_fds(self._line, 1, 1)
            except BlockingIOError:
                return
            except OSError:
                descriptors = []
            if not descriptors:
                self.close()
                return
            task = asyncio.ensure_future(self._serve(socket.socket(fileno=descriptors[0])))
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
