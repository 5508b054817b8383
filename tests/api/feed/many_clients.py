"""Many clients that follow signals through every outage, in a process of their own; see `follower.Follower` for one.

    python -m tests.api.feed.many_clients ADDRESS CLIENTS MESSAGES

Prints `ready` when all are connected, and at the end, for every client, the number of messages received, announced as
lost, and received twice or out of order, and the number of its connections.
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


class Follower:
    """One client."""

    def __init__(self, address: str, number: int, messages: int) -> None:
        self._url = f"ws://{address}/ws/feed"
        self._random = random.Random(number)
        self._messages = messages
        self._epoch: str | None = None
        self.seen = self.received = self.lost = self.wrong = self.connections = 0

    async def follow(self) -> None:
        while self.seen < self._messages:
            with suppress(ConnectionClosed, InvalidHandshake, OSError, TimeoutError):
                await self._connect_and_follow()
            await asyncio.sleep(0.05 + self._random.random() / 5)

    async def _connect_and_follow(self) -> None:
        async with connect(self._url, proxy=None, compression=None, open_timeout=60, close_timeout=1) as websocket:
            self._epoch = self._epoch or greetings.decode(await websocket.recv()).data.epoch
            since = {"epoch": self._epoch, "seq": self.seen}
            await websocket.send(json.dumps({"op": "subscribe", "channel": "signals", "since": since}))
            self.connections += 1
            subscribed = False
            while self.seen < self._messages:
                frame = frames.decode(await websocket.recv())
                subscribed |= frame.type == "subscribed"
                if frame.type == "error":  # missed messages cannot be read now
                    return
                if subscribed and frame.channel == "signals":
                    self._record(frame)
                    if await self._pause(websocket):
                        return

    def _record(self, frame: Frame) -> None:
        if frame.type == "signal":
            self.wrong += frame.seq != self.seen + 1
            self.received += 1
            self.seen = frame.seq
        elif frame.type == "gap":
            self.wrong += frame.first != self.seen + 1
            self.lost += frame.last - frame.first + 1
            self.seen, self._epoch = frame.last, frame.epoch

    async def _pause(self, websocket: ClientConnection) -> bool:
        """At random, read nothing for a while; return whether it aborted the connection."""
        if self._random.random() > 0.01:
            return False
        await asyncio.sleep(self._random.random() / 2)
        if aborts := self._random.random() < 0.5:
            websocket.transport.abort()
        return aborts


async def main(address: str, clients: int, messages: int) -> None:
    followers = [Follower(address, number, messages) for number in range(clients)]
    tasks = [asyncio.create_task(follower.follow()) for follower in followers]
    while not all(follower.connections for follower in followers):  # noqa: ASYNC110  they connect at their own times
        await asyncio.sleep(0.05)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.gather(*tasks)
    sys.stdout.write(
        json.dumps([[each.received, each.lost, each.wrong, each.connections] for each in followers]) + "\n"
    )


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
