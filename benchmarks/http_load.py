"""HTTP load: a minimal HTTP client that measures servers in a closed and in an open loop."""

import asyncio
import re
import time
from collections import deque
from typing import cast

LENGTH = re.compile(rb"content-length: (\d+)")
CONNECTIONS_MAX = 256
"""Of the open loop; a request that finds no free connection waits for one, and the wait counts."""


class _Client(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self._waiting: asyncio.Future[None] | None = None
        self._head, self._left = b"", 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop has transports of its own.
        self.transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes) -> asyncio.Future[None]:
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        if not self._left:
            self._head += data
            head, found, rest = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            assert self._waiting is not None
            if not head.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 304 ")):
                self._waiting.set_exception(RuntimeError(head.decode()))
                return
            length = LENGTH.search(head)
            self._head, self._left, data = b"", int(length[1]) if length else 0, rest
        self._left -= len(data)
        if not self._left:
            assert self._waiting is not None
            self._waiting.set_result(None)


async def _connect(port: int) -> _Client:
    _, client = await asyncio.get_running_loop().create_connection(_Client, "127.0.0.1", port)
    return client


async def closed_loop(port: int, request: bytes, connections: int, seconds: float) -> list[float]:
    """Seconds that each request took, on connections that send the next request at once."""
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def one() -> None:
        client = await _connect(port)
        while (began := time.perf_counter()) < end:
            await client.send(request)
            took.append(time.perf_counter() - began)
        client.transport.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return took


async def open_loop(port: int, request: bytes, rate: int, seconds: float) -> list[float]:
    """Seconds from the time at which each request was due to its response; requests are due at a constant rate."""
    took: list[float] = []
    free: deque[_Client] = deque([await _connect(port) for _ in range(8)])
    opened = len(free)
    returned = asyncio.Condition()
    tasks = set()

    async def one(due: float) -> None:
        nonlocal opened
        if not free and opened < CONNECTIONS_MAX:
            opened += 1
            client = await _connect(port)
        else:
            async with returned:
                await returned.wait_for(lambda: bool(free))
                client = free.popleft()
        await client.send(request)
        took.append(time.perf_counter() - due)
        async with returned:
            free.append(client)
            returned.notify()

    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        due = began + number / rate
        if (pause := due - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        task = asyncio.create_task(one(due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    for client in free:
        client.transport.close()
    return took
