"""A crowd that follows signals through everything, as a program of its own: see `follower.Follower` for one of it.

    python -m tests.api.feed.many_clients ADDRESS CLIENTS MESSAGES

Says `ready` when all have come, and at the end, for every client, how many came, how many were announced as gone, how
many came twice or out of order, and how often it connected.
"""

import asyncio
import json
import random
import sys
from contextlib import suppress

import msgspec
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake


class Data(msgspec.Struct):
    epoch: str | None = None


class Frame(msgspec.Struct):
    type: str
    channel: str = ""
    epoch: str | None = None
    seq: int = 0
    first: int = msgspec.field(name="from", default=0)
    last: int = msgspec.field(name="to", default=0)
    reconnect_after_ms: int = 0


class Greeting(msgspec.Struct):
    data: Data


frames = msgspec.json.Decoder(Frame)
greetings = msgspec.json.Decoder(Greeting)


class Member:
    """One client."""

    def __init__(self, address: str, number: int, messages: int) -> None:
        self._url = f"ws://{address}/ws/feed"
        self._random = random.Random(number)
        self._messages = messages
        self._epoch: str | None = None
        self.known = self.came = self.gone = self.wrong = self.connections = 0

    async def follow(self) -> None:
        while self.known < self._messages:
            with suppress(ConnectionClosed, InvalidHandshake, OSError, TimeoutError):
                await self._stay()
            await asyncio.sleep(0.05 + self._random.random() / 5)

    async def _stay(self) -> None:
        async with connect(self._url, proxy=None, compression=None, open_timeout=60, close_timeout=1) as websocket:
            self._epoch = self._epoch or greetings.decode(await websocket.recv()).data.epoch
            since = {"epoch": self._epoch, "seq": self.known}
            await websocket.send(json.dumps({"op": "subscribe", "channel": "signals", "since": since}))
            self.connections += 1
            subscribed = False
            while self.known < self._messages:
                frame = frames.decode(await websocket.recv())
                subscribed |= frame.type == "subscribed"
                if frame.type == "error":  # the server cannot look back now
                    return
                if subscribed and frame.channel == "signals":
                    self._take(frame)
                    if await self._leaves(websocket):
                        return

    def _take(self, frame: Frame) -> None:
        if frame.type == "signal":
            self.wrong += frame.seq != self.known + 1
            self.came += 1
            self.known = frame.seq
        elif frame.type == "gap":
            self.wrong += frame.first != self.known + 1
            self.gone += frame.last - frame.first + 1
            self.known, self._epoch = frame.last, frame.epoch

    async def _leaves(self, websocket: ClientConnection) -> bool:
        """Sometimes it reads nothing for a while; whether it leaves without a word."""
        if self._random.random() > 0.01:
            return False
        await asyncio.sleep(self._random.random() / 2)
        if leaves := self._random.random() < 0.5:
            websocket.transport.abort()
        return leaves


async def main(address: str, clients: int, messages: int) -> None:
    members = [Member(address, number, messages) for number in range(clients)]
    tasks = [asyncio.create_task(member.follow()) for member in members]
    while not all(member.connections for member in members):  # noqa: ASYNC110  they come at their own times
        await asyncio.sleep(0.05)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.gather(*tasks)
    sys.stdout.write(json.dumps([[each.came, each.gone, each.wrong, each.connections] for each in members]) + "\n")


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
