"""A single-file client: paged lists over REST, and a live channel that resumes after every interruption.

    client = Client("http://127.0.0.1:8000", key=os.environ.get("KEY"))
    for signal in client.signals(symbol="BTCUSDT", min_confidence=0.6):
        print(signal.detected_at, signal.direction, signal.reason)

    async with aclosing(client.follow("signals", symbols=["BTCUSDT"])) as feed:
        async for message in feed:  # store `message.position` to resume from there later
            print(message.signal if isinstance(message, Message) else message)

Copy this file; it requires `msgspec` and `websockets`. `examples/follow.py` is a program that uses it.
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

ATTEMPTS, BACKOFF_S_MIN, BACKOFF_S_MAX = 3, 0.25, 30.0
ETAG_CACHE_MAX = 16  # responses cached with their ETag, so that requesting unchanged data costs next to nothing

log = logging.getLogger(__name__)


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a signal that most programs use; `/openapi.json` lists the others, add those you need."""

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
    """The last message of a channel that was received."""

    epoch: str
    seq: int


class Message(NamedTuple):
    """One message of a channel."""

    position: Position
    type: str
    data: dict[str, Any]

    @property
    def signal(self) -> Signal:
        """The data of a `signal` message."""
        return msgspec.convert(self.data, Signal)


class Gap(NamedTuple):
    """Messages that were missed; if `backfill` is set, `client.pages(gap.backfill)` reads their content."""

    position: Position
    reason: str
    backfill: str | None


class RefusedError(Exception):
    """The server refused the request and a retry will not help; `code` is the error code, such as `conflict`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class UnavailableError(Exception):
    """The server cannot be reached, or cannot serve the request at the moment."""


class Client:
    """Client of one server. Failed requests raise RefusedError or UnavailableError.

    The REST methods block, so call them with `asyncio.to_thread` in asynchronous programs.

    Parameters
    ----------
    address
        Base URL, such as http://127.0.0.1:8000.
    key
        An API key from `signalengine keys create`, or a JWT; None on loopback.
    timeout_s
        How long to wait for the server to respond.
    """

    def __init__(self, address: str = "http://127.0.0.1:8000", key: str | None = None, timeout_s: float = 30) -> None:
        if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
            raise ValueError(f"{address!r} is not a URL; use one such as http://127.0.0.1:8000")
        self._address = address.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key.strip()}"} if key else {}
        self._timeout_s = timeout_s
        self._etag_cache: dict[str, tuple[str, bytes]] = {}

    def get(self, path: str, **parameters: Any) -> Any:
        """GET `path` and return its JSON."""
        query = urlencode({name: _parameter(value) for name, value in parameters.items() if value is not None})
        url = f"{self._address}{path}" + (f"{'&' if '?' in path else '?'}{query}" if query else "")
        cached_etag, cached_body = self._etag_cache.pop(url, ("", b""))
        etag, body = self._request(url, {"If-None-Match": cached_etag} if cached_etag else {})
        if etag:
            self._etag_cache[url] = etag, body or cached_body
        if len(self._etag_cache) > ETAG_CACHE_MAX:
            del self._etag_cache[next(iter(self._etag_cache))]
        return _decode(body or cached_body)

    def post(self, path: str, content: Any, *, idempotency_key: str | None = None) -> Any:
        """POST a command. It is executed once: after UnavailableError, a retry with the same key returns its result."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key or uuid4().hex}
        return _decode(self._request(f"{self._address}{path}", headers, msgspec.json.encode(content))[1])

    def pages(self, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield every page of a list; no row is repeated or skipped while new rows arrive."""
        page = self.get(path, **parameters)
        yield page
        while cursor := page.get("next_cursor"):
            page = self.get(path, **{**parameters, "cursor": cursor})
            yield page

    def signals(self, **filters: Any) -> Iterator[Signal]:
        """Yield all signals that match the filters, newest first."""
        for page in self.pages("/api/v1/signals", **{"limit": 100, **filters}):
            yield from msgspec.convert(page["signals"], list[Signal])

    async def follow(
        self, channel: str = "signals", *, since: Position | None = None, snapshot: int = 0, **filters: Any
    ) -> AsyncGenerator[Message | Gap, None]:
        """Yield every message published on a channel, once and in order, across restarts of either side.

        Only RefusedError ends it; after any other error it logs the reason and reconnects.

        Parameters
        ----------
        since
            Position to resume after; None starts with the next message.
        snapshot
            Without `since`: start with this many of the newest messages.
        filters
            `symbols`, `direction`, `timeframes` as lists; `min_confidence`; `mtf_aligned`.
        """
        subscription = _Subscription(channel, filters, snapshot, since)
        url = f"ws{self._address[4:]}/ws/feed"
        while True:
            try:
                async with connect(url, additional_headers=self._headers, open_timeout=self._timeout_s) as websocket:
                    await websocket.send(subscription.subscribe_command())
                    async for text in websocket:
                        if message := subscription.receive(msgspec.json.decode(text)):
                            yield message
                reason = "the server closed the connection"
            except InvalidStatus as error:
                reason = _retry_reason(error.response.status_code, bytes(error.response.body or b""))
                subscription.retry_after_s = _retry_after_s(error.response.headers)
            except ConnectionClosed as error:
                close = error.rcvd
                reason = _retry_reason(close.code, close.reason.encode()) if close else str(error)
            except (OSError, WebSocketException, UnavailableError) as error:
                reason = str(error)
            delay_s = _delay_s(subscription.failures, subscription.retry_after_s)
            subscription.failures, subscription.retry_after_s = subscription.failures + 1, 0.0
            log.warning("%s; reconnecting in %.1f s", reason, delay_s)
            await asyncio.sleep(delay_s)

    def _request(self, url: str, headers: dict[str, str], content: bytes | None = None) -> tuple[str, bytes]:
        """Return the ETag and the body of the response; the body is empty if the cached one is current."""
        request = Request(url, content, headers)  # noqa: S310  http or https, checked in __init__
        for name, value in self._headers.items():
            request.add_unredirected_header(name, value)  # never send the key to another server
        delay_s, reason = 0.0, ""
        for attempt in range(ATTEMPTS):
            time.sleep(delay_s)
            try:
                with _open(request, self._timeout_s) as response:
                    status, response_headers, body = response.status, response.headers, response.read()
            except (OSError, HTTPException) as error:
                reason, delay_s = str(getattr(error, "reason", error)), _delay_s(attempt)
                continue
            if status in (200, 201, 304):
                return response_headers.get("ETag", ""), body
            reason, delay_s = _retry_reason(status, body), _delay_s(attempt, _retry_after_s(response_headers))
        raise UnavailableError(f"{url}: {reason}")


@dataclass
class _Subscription:
    """State of a subscription to one channel, kept across connections."""

    channel: str
    filters: Mapping[str, Any]
    snapshot: int
    position: Position | None
    head: Position | None = None
    failures: int = 0
    retry_after_s: float = 0.0

    def subscribe_command(self) -> str:
        """The first command on a new connection."""
        self.head = None
        start = {"snapshot": self.snapshot} if self.position is None else {"since": self.position._asdict()}
        command = {"op": "subscribe", "id": 1, "channel": self.channel, "filter": self.filters, **start}
        return msgspec.json.encode(command).decode()

    def receive(self, message: dict[str, Any]) -> Message | Gap | None:
        """Process a message of the server; return what the caller should see, if anything."""
        match message["type"]:
            case "error" if message["id"] == 1:
                code, detail = message["code"], message["detail"]
                raise UnavailableError(detail) if message["retryable"] else RefusedError(code, detail)
            case "going_away":
                self.retry_after_s = message["reconnect_after_ms"] / 1000
            case "subscribed":
                self.head, self.failures = Position(message["epoch"], message["seq"]), 0
                self.position = self.position or self.head
            case "keepalive" if self.head:
                self.position = Position(message["epoch"], message["heads"][self.channel])
            case "gap" if self.head and self.position and message["channel"] == self.channel:
                if message["epoch"] != self.head.epoch:  # a new epoch has just begun; the next message has its position
                    self.head = Position(message["epoch"], 0)
                elif message["reason"] == "epoch_changed":
                    self.position = self.head
                elif message["to"] is not None:
                    self.position = Position(message["epoch"], message["to"])
                return Gap(self.position, message["reason"], message["backfill"])
            case kind if self.head and "data" in message and message.get("channel") == self.channel:
                self.position = Position(self.head.epoch, message["seq"])
                return Message(self.position, kind, message["data"])
        return None


def _open(request: Request, timeout_s: float) -> Any:
    """Send the request; return the response, whatever its status."""
    try:
        return urlopen(request, timeout=timeout_s)  # noqa: S310  http or https
    except HTTPError as response:
        return response


def _delay_s(failures: int, retry_after_s: float = 0.0) -> float:
    """What the server asked for, plus exponential backoff with jitter."""
    return retry_after_s + min(BACKOFF_S_MIN * 2.0 ** min(failures, 10), BACKOFF_S_MAX) * random.uniform(0.5, 1.0)  # noqa: S311


def _retry_after_s(headers: Mapping[str, str]) -> float:
    value = headers.get("Retry-After") or "0"
    return min(float(value), BACKOFF_S_MAX) if value.isdecimal() else 0.0


class _Problem(msgspec.Struct):
    code: str
    title: str
    detail: str = ""


def _retry_reason(status: int, body: bytes) -> str:
    """Describe a failure by HTTP status or WebSocket close code; raise RefusedError if a retry cannot help."""
    try:
        problem = msgspec.json.decode(body, type=_Problem)
        code, detail = problem.code, problem.detail or problem.title
    except (msgspec.MsgspecError, UnicodeDecodeError):
        code, detail = str(status), body[:200].decode(errors="replace")
    if (status < 500 and status not in (408, 425, 429)) or status in (4400, 4401, 4403):
        raise RefusedError(code, detail)
    return f"{code}: {detail}"


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RefusedError("not_json", "the response is not JSON; check the address") from None


def _parameter(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode().strip('"')
