"""A client in one file: pages over REST, and a channel of the feed that goes on after every interruption.

    client = Client("http://127.0.0.1:8000", key=os.environ.get("KEY"))
    for signal in client.signals(symbol="BTCUSDT", min_confidence=0.6):
        print(signal.detected_at, signal.direction, signal.reason)

    async with aclosing(client.follow("signals", symbols=["BTCUSDT"])) as feed:
        async for said in feed:  # keep `said.position` to go on from there another day
            print(said.signal if isinstance(said, Message) else said)

Copy it: it needs `msgspec` and `websockets`. `examples/follow.py` is a program that uses it.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Any, Literal, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen
from uuid import uuid4

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

TRIES, PAUSE_S_FIRST, PAUSE_S_LONGEST = 3, 0.25, 30.0
KNOWN_MAX = 16  # answers kept with their ETag, so that asking again for what did not change costs next to nothing

log = logging.getLogger(__name__)


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """What most programs want of a signal; `/openapi.json` has the other fields, add those you need."""

    id: str
    venue: str
    symbol: str
    signal_type: str
    timeframe: str
    direction: Literal["long", "short"]
    detected_at: datetime
    expires_at: datetime
    entry_price: float
    take_profit: float
    stop_loss: float
    raw_confidence: float
    probability: float | None = None
    reason: str
    simulated: bool


class Position(NamedTuple):
    """How far a channel was heard."""

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
    """Messages that will not come; if there is a `backfill`, `client.pages(gap.backfill)` has what they said."""

    position: Position
    reason: str
    backfill: str | None


class RefusedError(Exception):
    """The server does not want this, however often it is tried; `code` says why in a word, such as `conflict`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class AwayError(Exception):
    """Nobody answers, or the server cannot at the moment."""


class Client:
    """A server by its address. Whatever is not to be had raises RefusedError or AwayError.

    REST waits for its answer, so call it by `asyncio.to_thread` where other things go on.

    Parameters
    ----------
    address
        Such as http://127.0.0.1:8000.
    key
        A key made by `signalengine keys create`, or a token; None on loopback.
    timeout_s
        How long the server may be silent before it counts as away.
    """

    def __init__(self, address: str = "http://127.0.0.1:8000", key: str | None = None, timeout_s: float = 30) -> None:
        if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
            raise ValueError(f"{address!r} is no address; give one such as http://127.0.0.1:8000")
        self._address = address.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key.strip()}"} if key else {}
        self._timeout_s = timeout_s
        self._known: dict[str, tuple[str, bytes]] = {}

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON at `path`."""
        query = urlencode({name: _text(value) for name, value in parameters.items() if value is not None})
        url = f"{self._address}{path}" + (f"{'&' if '?' in path else '?'}{query}" if query else "")
        known_by, known = self._known.pop(url, ("", b""))
        tag, body = self._ask(url, {"If-None-Match": known_by} if known_by else {})
        if tag:
            self._known[url] = tag, body or known
        if len(self._known) > KNOWN_MAX:
            del self._known[next(iter(self._known))]
        return _decoded(body or known)

    def post(self, path: str, content: Any, *, idempotency_key: str | None = None) -> Any:
        """Have something done once. After AwayError it may have been; asking again with the same key tells."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key or uuid4().hex}
        return _decoded(self._ask(f"{self._address}{path}", headers, msgspec.json.encode(content))[1])

    def pages(self, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every page of a list, one after another; none of it is repeated or skipped while rows arrive."""
        page = self.get(path, **parameters)
        yield page
        while cursor := page.get("next_cursor"):
            page = self.get(path, **{**parameters, "cursor": cursor})
            yield page

    def signals(self, **filters: Any) -> Iterator[Signal]:
        """All signals that pass, newest first."""
        for page in self.pages("/api/v1/signals", **{"limit": 100, **filters}):
            yield from msgspec.convert(page["signals"], list[Signal])

    async def follow(
        self, channel: str = "signals", *, since: Position | None = None, snapshot: int = 0, **filters: Any
    ) -> AsyncGenerator[Message | Gap, None]:
        """What is announced on a channel, each message once and in order, across restarts of both sides.

        Only RefusedError ends it; all else is waited for, and logged.

        Parameters
        ----------
        since
            Where to go on; None begins with what comes from now on.
        snapshot
            Without `since`: begin with so many of the newest messages.
        filters
            `symbols`, `direction`, `timeframes` as lists; `min_confidence`; `mtf_aligned`.
        """
        talk = _Talk(channel, filters, snapshot, since)
        url = f"ws{self._address[4:]}/ws/feed"
        while True:
            try:
                async with connect(url, additional_headers=self._headers, open_timeout=self._timeout_s) as websocket:
                    await websocket.send(talk.begin())
                    async for text in websocket:
                        if said := talk.hear(msgspec.json.decode(text)):
                            yield said
                why = "the server closed the connection"
            except InvalidStatus as problem:
                why = _unless_for_good(problem.response.status_code, bytes(problem.response.body or b""))
                talk.wished_s = _wished_s(problem.response.headers)
            except ConnectionClosed as problem:
                close = problem.rcvd
                why = _unless_for_good(close.code, close.reason.encode()) if close else str(problem)
            except (OSError, WebSocketException, AwayError) as problem:
                why = str(problem)
            pause_s = _pause_s(talk.tried, talk.wished_s)
            talk.tried, talk.wished_s = talk.tried + 1, 0.0
            log.warning("%s; again in %.1f s", why, pause_s)
            await asyncio.sleep(pause_s)

    def _ask(self, url: str, headers: dict[str, str], content: bytes | None = None) -> tuple[str, bytes]:
        """The ETag and the body of an answer; no body if what we know is still it."""
        request = Request(url, content, headers)  # noqa: S310  http or https, as __init__ saw to
        for name, value in self._headers.items():
            request.add_unredirected_header(name, value)  # a key is for this server alone
        pause_s, why = 0.0, ""
        for tried in range(TRIES):
            time.sleep(pause_s)
            try:
                with _open(request, self._timeout_s) as answer:
                    status, told, body = answer.status, answer.headers, answer.read()
            except (OSError, HTTPException) as problem:
                why, pause_s = str(getattr(problem, "reason", problem)), _pause_s(tried)
                continue
            if status in (200, 201, 304):
                return told.get("ETag", ""), body
            why, pause_s = _unless_for_good(status, body), _pause_s(tried, _wished_s(told))
        raise AwayError(f"{url}: {why}")


@dataclass
class _Talk:
    """Our side of what is said about a channel."""

    channel: str
    filters: Mapping[str, Any]
    snapshot: int
    position: Position | None
    head: Position | None = None
    tried: int = 0
    wished_s: float = 0.0

    def begin(self) -> str:
        """What to say first on a connection."""
        self.head = None
        place = {"snapshot": self.snapshot} if self.position is None else {"since": self.position._asdict()}
        command = {"op": "subscribe", "id": 1, "channel": self.channel, "filter": self.filters, **place}
        return msgspec.json.encode(command).decode()

    def hear(self, said: dict[str, Any]) -> Message | Gap | None:
        """What the server's words come to for the caller, if anything."""
        match said["type"]:
            case "error" if said["id"] == 1:
                raise AwayError(said["detail"]) if said["retryable"] else RefusedError(said["code"], said["detail"])
            case "going_away":
                self.wished_s = said["reconnect_after_ms"] / 1000
            case "subscribed":
                self.head, self.tried = Position(said["epoch"], said["seq"]), 0
                self.position = self.position or self.head
            case "keepalive" if self.head:
                self.position = Position(said["epoch"], said["heads"][self.channel])
            case "gap" if self.head and self.position and said["channel"] == self.channel:
                if said["epoch"] != self.head.epoch:  # it changed just now; what comes next says where we are
                    self.head = Position(said["epoch"], 0)
                elif said["reason"] == "epoch_changed":
                    self.position = self.head
                elif said["to"] is not None:
                    self.position = Position(said["epoch"], said["to"])
                return Gap(self.position, said["reason"], said["backfill"])
            case kind if self.head and "data" in said and said.get("channel") == self.channel:
                self.position = Position(self.head.epoch, said["seq"])
                return Message(self.position, kind, said["data"])
        return None


def _open(request: Request, timeout_s: float) -> Any:
    """An answer, whatever its status."""
    try:
        return urlopen(request, timeout=timeout_s)  # noqa: S310  http or https
    except HTTPError as answer:
        return answer


def _pause_s(tried: int, wished_s: float = 0.0) -> float:
    """What was wished, and then twice as long each time, and never quite what it is for others."""
    return wished_s + min(PAUSE_S_FIRST * 2.0 ** min(tried, 10), PAUSE_S_LONGEST) * random.uniform(0.5, 1.0)  # noqa: S311


def _wished_s(headers: Mapping[str, str]) -> float:
    wished = headers.get("Retry-After") or "0"
    return min(float(wished), PAUSE_S_LONGEST) if wished.isdecimal() else 0.0


class _Problem(msgspec.Struct):
    code: str
    title: str
    detail: str = ""


def _unless_for_good(status: int, said: bytes) -> str:
    """What went wrong, by the status of an answer or the code of a close; RefusedError if it will not pass."""
    try:
        problem = msgspec.json.decode(said, type=_Problem)
        code, detail = problem.code, problem.detail or problem.title
    except (msgspec.MsgspecError, UnicodeDecodeError):
        code, detail = str(status), said[:200].decode(errors="replace")
    if (status < 500 and status not in (408, 425, 429)) or status in (4400, 4401, 4403):
        raise RefusedError(code, detail)
    return f"{code}: {detail}"


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RefusedError("no_json", "whoever answers at this address speaks no JSON") from None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode().strip('"')
