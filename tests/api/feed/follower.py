"""A client that follows signals through every outage: it reconnects when it is disconnected, and resumes."""

import json
import random
import threading
import time
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.api.feed_schema import validated


class Follower:
    """One client in a thread of its own.

    Parameters
    ----------
    address
        Host and port.
    stall_seed
        Seed of its random pauses and disconnects; None: it has none.

    Attributes
    ----------
    received
        Seqs received, in order of arrival.
    missed
        Ranges of seqs announced as lost.
    connections
        Number of connections.
    """

    def __init__(self, address: str, *, stall_seed: int | None = None) -> None:
        self._url = f"ws://{address}/ws/feed"
        self._random = None if stall_seed is None else random.Random(stall_seed)
        self._position: dict[str, Any] | None = None
        self._epoch = ""
        self.received: list[int] = []
        self.missed: list[tuple[int, int]] = []
        self.connections = 0
        self.ended = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, and raise what failed in the thread."""
        self.ended.set()
        self._thread.join(30)
        if self.error is not None:
            raise self.error

    @property
    def seen(self) -> int:
        """The seq up to which every message was received or announced as lost."""
        return max([*self.received[-1:], *(last for _, last in self.missed[-1:])], default=0)

    def account(self, last: int) -> set[int]:
        """Seqs up to `last` neither received nor announced as lost. Fails if any came twice or out of order."""
        assert self.received == sorted(set(self.received))
        lost = {seq for first, until in self.missed for seq in range(first, until + 1)}
        return set(range(1, last + 1)) - set(self.received) - lost

    def _run(self) -> None:
        while not self.ended.is_set():
            try:
                self._connect_and_follow()
            except (ConnectionClosed, OSError):
                time.sleep(0.05)
            except BaseException as problem:
                self.error = problem
                return

    def _connect_and_follow(self) -> None:
        with connect(self._url, proxy=None, open_timeout=20, close_timeout=1) as websocket:
            greeting = validated(websocket.recv(20))
            self.connections += 1
            since = self._position or {"epoch": greeting["data"]["epoch"], "seq": 0}
            self._epoch = since["epoch"]
            websocket.send(json.dumps({"op": "subscribe", "channel": "signals", "since": since}))
            subscribed = False
            while not self.ended.is_set():
                try:
                    message = validated(websocket.recv(0.2))
                except TimeoutError:
                    continue
                subscribed |= message["type"] == "subscribed"
                if message["type"] == "error":  # missed messages cannot be read now
                    time.sleep(0.2)
                    return
                if message["type"] == "going_away":
                    time.sleep(message["reconnect_after_ms"] / 5000)
                    return
                if subscribed and message.get("channel") == "signals":
                    self._record(message)
                    if self._pause():
                        return

    def _record(self, message: dict[str, Any]) -> None:
        if message["type"] == "signal":
            self.received.append(message["seq"])
            self._position = {"epoch": self._epoch, "seq": message["seq"]}
        elif message["type"] == "gap":
            self.missed.append((message["from"], message["to"]))
            self._epoch = message["epoch"]
            self._position = {"epoch": self._epoch, "seq": message["to"]}

    def _pause(self) -> bool:
        """At random, read nothing for a while; return whether to disconnect."""
        if self._random is None or self._random.random() > 0.01:
            return False
        time.sleep(self._random.random() / 2)
        return self._random.random() < 0.5
