"""A client in one file: pages over REST, and a channel of the feed that goes on after every interruption.

    client = Client("http://127.0.0.1:8000", key=os.environ.get("SIGNALENGINE_KEY"))
    for signal in client.signals(symbol="BTCUSDT", min_confidence=0.6):
        print(signal.detected_at, signal.direction, signal.reason)

    async for said in client.follow("signals", symbols=["BTCUSDT"]):
        print(said)                 # a Message, or a Gap that says what is missing and where to read it

It needs `msgspec` and `websockets`. `python -m examples.client [ADDRESS]` prints the newest signals and what follows.
"""

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import Request, urlopen

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

PAUSE_S_FIRST, PAUSE_S_LONGEST = 0.25, 30.0
_FOR_GOOD = {400, 401, 403, 404, 421, 4400, 4401, 4403}
"""Status of a handshake, or code of a close, after which the same again would end the same."""


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """What most programs want of a signal; `/openapi.json` has the other fields, add those you need."""

    id: str
    venue: str
    symbol: str
    signal_type: str
    timeframe: str
    direction: str
    detected_at: datetime
    expires_at: datetime
    entry_price: float
    take_profit: float
    stop_loss: float
    raw_confidence: float
    probability: float | None = None
    reason: str = ""
    simulated: bool = False


class Position(NamedTuple):
    """The last message that was had of a channel; keep it to go on from there another day."""

    epoch: str
    seq: int


class Message(NamedTuple):
    """One message of a channel."""

    position: Position
    type: str
    data: dict[str, Any]

    @property
    def signal(self) -> Signal:
        """Its data, if it is a signal."""
        return msgspec.convert(self.data, Signal)


class Gap(NamedTuple):
    """Messages that will not come; `backfill` is the address that has what they said."""

    reason: str
    backfill: str | None


class RefusedError(Exception):
    """The server does not want this, however often it is tried: the key, the address or a parameter is wrong."""


class Client:
    """A server by its address.

    Parameters
    ----------
    address
        Such as http://127.0.0.1:8000.
    key
        A key made by `signalengine keys create`, or a token; None on loopback.
    """

    def __init__(self, address: str = "http://127.0.0.1:8000", key: str | None = None) -> None:
        self._address = address.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON at `path`.

        Raises
        ------
        RefusedError
            With what the server says.
        """
        query = {name: _word(value) for name, value in parameters.items() if value is not None}
        url = urljoin(f"{self._address}/", path) + (f"?{urlencode(query)}" if query else "")
        try:
            with urlopen(Request(url, headers=self._headers), timeout=30) as answer:  # noqa: S310  the caller's address
                return json.load(answer)
        except HTTPError as problem:
            with problem:
                raise RefusedError(f"{problem.code}: {problem.read(4096).decode(errors='replace')}") from None

    def pages(self, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every page of a list, one after another; none of it is repeated or skipped while rows arrive."""
        page = self.get(path, **{"limit": 100, **parameters})
        yield page
        while (cursor := page["next_cursor"]) is not None:
            page = self.get(path, **{"limit": 100, **parameters, "cursor": cursor})
            yield page

    def signals(self, **filters: Any) -> Iterator[Signal]:
        """All signals that pass, newest first."""
        for page in self.pages("/api/v1/signals", **filters):
            yield from msgspec.convert(page["signals"], list[Signal])

    async def follow(
        self, channel: str = "signals", *, since: Position | None = None, **filters: Any
    ) -> AsyncGenerator[Message | Gap, None]:
        """What is announced on a channel, each message once and in order, across restarts of both sides.

        Parameters
        ----------
        since
            Where to go on; None begins with what comes from now on.
        filters
            `symbols`, `direction`, `timeframes` as lists; `min_confidence`; `mtf_aligned`.

        Raises
        ------
        RefusedError
            If the server does not let us in, or no longer does.
        """
        position, pause_s = since, PAUSE_S_FIRST
        url = f"{self._address.replace('http', 'ws', 1)}/ws/feed"
        while True:
            wait_s = pause_s * random.uniform(0.5, 1.0)  # noqa: S311  it spreads clients
            try:
                async with connect(url, additional_headers=self._headers, proxy=None) as websocket:
                    async for said in _conversation(websocket, channel, position, filters):
                        pause_s = PAUSE_S_FIRST
                        if isinstance(said, Position):
                            position = said
                        elif isinstance(said, float):
                            wait_s = said
                        else:
                            position = said.position if isinstance(said, Message) else position
                            yield said
            except InvalidStatus as problem:
                _stop_if_for_good(problem.response.status_code, bytes(problem.response.body or b"").decode())
            except ConnectionClosed as problem:
                _stop_if_for_good(problem.rcvd.code if problem.rcvd else 1006, str(problem))
            except OSError:
                pass
            await asyncio.sleep(wait_s)
            pause_s = min(2 * pause_s, PAUSE_S_LONGEST)


async def _conversation(
    websocket: ClientConnection, channel: str, since: Position | None, filters: dict[str, Any]
) -> AsyncIterator[Message | Gap | Position | float]:
    """Messages and gaps; where we stand, when it is told; and when to come back, in seconds."""
    command: dict[str, Any] = {"op": "subscribe", "id": 1, "channel": channel, "filter": filters}
    if since is not None:
        command["since"] = since._asdict()
    await websocket.send(json.dumps(command))
    epoch, seen, head = None, -1, 0
    async for text in websocket:
        said = json.loads(text)
        match said["type"]:
            case "subscribed":
                epoch, head = said["epoch"], said["seq"]
                seen = since.seq if since is not None and said["recovered"] else -1
                if since is None:
                    yield Position(epoch, head)
            case "error" if said["id"] == 1 and not said["retryable"]:
                raise RefusedError(said["detail"])
            case "error" if said["id"] == 1:
                return
            case "gap" if epoch is not None and said["channel"] == channel:
                yield Gap(said["reason"], said["backfill"])
                if said["reason"] == "epoch_changed":  # seqs began anew
                    if said["epoch"] == epoch:
                        yield Position(epoch, head)
                    epoch, seen = said["epoch"], -1
                elif said["to"] is not None:
                    yield Position(epoch, said["to"])
            case "going_away":
                yield said["reconnect_after_ms"] / 1000
            case _ if epoch is not None and said.get("channel") == channel and said.get("seq", -1) > seen:
                seen = said["seq"]
                yield Message(Position(epoch, seen), said["type"], said["data"])


def _stop_if_for_good(code: int, why: str) -> None:
    if code in _FOR_GOOD:
        raise RefusedError(f"{code}: {why}")


def _word(value: Any) -> Any:
    return (
        str(value).lower() if isinstance(value, bool) else value.isoformat() if isinstance(value, datetime) else value
    )


async def _print(client: Client) -> None:
    newest = next(client.pages("/api/v1/signals", limit=5))["signals"]
    for signal in msgspec.convert(newest, list[Signal]):
        sys.stdout.write(f"{signal}\n")
    async for said in client.follow():
        sys.stdout.write(f"{said.signal if isinstance(said, Message) else said}\n")


if __name__ == "__main__":
    server = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    asyncio.run(_print(Client(server, os.environ.get("SIGNALENGINE_KEY"))))
