"""A client that follows signals through everything: it comes back when it is sent away, and resumes."""

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
    stalls
        Whether it pauses now and then, and leaves without a word.

    Attributes
    ----------
    got
        Seqs in the order in which they came.
    missed
        Seqs that were announced as gone.
    connections
        How often it came.
    """

    def __init__(self, address: str, *, stalls: int | None = None) -> None:
        self._url = f"ws://{address}/ws/feed"
        self._random = None if stalls is None else random.Random(stalls)
        self._position: dict[str, Any] | None = None
        self._epoch = ""
        self.got: list[int] = []
        self.missed: list[tuple[int, int]] = []
        self.connections = 0
        self.ended = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and say what went wrong."""
        self.ended.set()
        self._thread.join(30)
        if self.error is not None:
            raise self.error

    @property
    def seen(self) -> int:
        """Up to where it knows all."""
        return max([*self.got[-1:], *(last for _, last in self.missed[-1:])], default=0)

    def account(self, last: int) -> set[int]:
        """Seqs up to `last` that neither came nor were announced as gone; each came once and in order."""
        assert self.got == sorted(set(self.got))
        gone = {seq for first, until in self.missed for seq in range(first, until + 1)}
        return set(range(1, last + 1)) - set(self.got) - gone

    def _run(self) -> None:
        while not self.ended.is_set():
            try:
                self._stay()
            except (ConnectionClosed, OSError):
                time.sleep(0.05)
            except BaseException as problem:
                self.error = problem
                return

    def _stay(self) -> None:
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
                if message["type"] == "error":  # the server cannot look back now
                    time.sleep(0.2)
                    return
                if message["type"] == "going_away":
                    time.sleep(message["reconnect_after_ms"] / 5000)
                    return
                if subscribed and message.get("channel") == "signals":
                    self._take(message)
                    if self._pauses():
                        return

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "signal":
            self.got.append(message["seq"])
            self._position = {"epoch": self._epoch, "seq": message["seq"]}
        elif message["type"] == "gap":
            self.missed.append((message["from"], message["to"]))
            self._epoch = message["epoch"]
            self._position = {"epoch": self._epoch, "seq": message["to"]}

    def _pauses(self) -> bool:
        """Sometimes it reads nothing for a while; whether it leaves."""
        if self._random is None or self._random.random() > 0.01:
            return False
        time.sleep(self._random.random() / 2)
        return self._random.random() < 0.5
