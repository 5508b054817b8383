"""Gateway: the WebSocket, as a coroutine under any ASGI server.

One task reads what the client says, one sends what the hub has for it. Sending waits for the socket, so
a client that does not read holds a batch and a socket buffer and nothing more.
"""

import asyncio
from contextlib import suppress
from typing import TypeVar

import msgspec
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from api import params
from api.allowance import Allowance
from api.client import Client
from api.errors import (
    INVALID_MESSAGE,
    RATE_LIMITED,
    UNAVAILABLE,
    Kind,
    ProblemError,
    problem_response,
)
from api.messages import CLOSE_FLOODING, CLOSE_UNSUPPORTED, Command, Error, Filter, Id, Subscribe
from api.origin import check_origin
from api.params import Name, Share, Timeframe
from api.resources import Resources
from domain.errors import ServiceError
from domain.signals import Direction

RETRY_S = 0.5
"""Pause before Redis is asked again for what a client missed."""


T = TypeVar("T")

_commands: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)


class _Identified(msgspec.Struct, frozen=True):
    id: Id = None


_ids = msgspec.json.Decoder(_Identified)


class GatewayParameters(msgspec.Struct, frozen=True, kw_only=True):
    """What an address streams by itself; a client that subscribes says it anew."""

    symbol: Name | None = None
    direction: Direction | None = None
    timeframe: Timeframe | None = None
    min_confidence: Share | None = None
    mtf_aligned: bool | None = None

    def filter(self) -> Filter:
        """The same as a filter."""
        return Filter(
            symbols=_only(self.symbol),
            direction=_only(self.direction),
            timeframes=_only(self.timeframe),
            min_confidence=self.min_confidence,
            mtf_aligned=self.mtf_aligned,
        )


def gateway_route(path: str, channels: tuple[str, ...]) -> WebSocketRoute:
    """A WebSocket that streams `channels` by itself, until its client subscribes."""

    async def endpoint(websocket: WebSocket) -> None:
        resources: Resources = websocket.app.state.resources
        try:
            wanted = _admit(websocket, resources)
        except ProblemError as problem:
            request_id = websocket.state.request_id
            answer = problem_response(problem.kind, problem.detail, request_id, faults=problem.faults)
            with suppress(OSError):  # it left before it was refused
                await websocket.send_denial_response(answer)
            return
        try:
            await websocket.accept()
        except OSError:  # it left before it was let in
            return
        await _Session(websocket, resources).run(channels, wanted)

    return WebSocketRoute(path, endpoint, name=path)


def _admit(websocket: WebSocket, resources: Resources) -> Filter:
    """What a caller wants, if it may come in."""
    wanted = params.parse(GatewayParameters, websocket.scope["query_string"]).filter()
    check_origin(websocket, resources.settings)
    if len(resources.hub.clients) >= resources.settings.clients_max:
        raise ProblemError(UNAVAILABLE, "all places for clients are taken; try again later")
    return wanted


class _Session:
    """One connection from its greeting to its end."""

    def __init__(self, websocket: WebSocket, resources: Resources) -> None:
        self._websocket = websocket
        self._hub = resources.hub
        self._resume = resources.resume
        self._steady_s = resources.steady_s
        self._allowance = Allowance(resources.settings.messages_per_s, self._steady_s())
        self._woken = asyncio.Event()
        self._client = Client(resources.hub.ring, self._woken.set, self._drop, self._steady_s())
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.Task[None] | None = None

    async def run(self, channels: tuple[str, ...], wanted: Filter) -> None:
        """Serve until either side ends it."""
        self._hub.join(self._client, channels, wanted)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._reader = tasks.create_task(self._read())
                self._writer = tasks.create_task(self._write())
        finally:
            self._hub.leave(self._client)

    def _drop(self) -> None:
        if self._writer is not None:
            self._writer.cancel()

    async def _read(self) -> None:
        """Obey the client until it leaves or has to."""
        while self._client.closing is None:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                self._drop()
                return
            if not self._allowance.take(self._steady_s()):
                self._refuse(None, RATE_LIMITED, "too many messages; send fewer per second")
                self._client.close(CLOSE_FLOODING, RATE_LIMITED.title)
            elif (text := message.get("text")) is None:
                self._client.close(CLOSE_UNSUPPORTED, "only text is understood")
            else:
                await self._obey(text)

    async def _obey(self, text: str) -> None:
        try:
            command = _commands.decode(text)
        except msgspec.DecodeError as problem:
            self._refuse(_id_of(text), INVALID_MESSAGE, str(problem))
            return
        try:
            if isinstance(command, Subscribe):
                await self._resume.subscribe(self._client, command)
            else:
                self._resume.unsubscribe(self._client, command)
        except ProblemError as problem:
            self._refuse(command.id, problem.kind, problem.detail)
        except ServiceError:
            self._refuse(command.id, UNAVAILABLE, "what was missed cannot be had now; subscribe again shortly")

    def _refuse(self, command_id: Id, kind: Kind, detail: str) -> None:
        self._client.tell(Error(id=command_id, code=kind.code, retryable=kind.retryable, detail=detail))

    async def _write(self) -> None:
        """Send what there is until the connection is to be closed, then close it."""
        client = self._client
        try:
            while client.closing is None:
                self._woken.clear()
                texts = self._hub.next_texts(client)
                await self._send(texts)
                if client.recovering:
                    await self._send(await self._missed())
                elif not texts:
                    await self._woken.wait()
            client.sending_since_s = self._steady_s()
            for text in client.last_words():
                await self._websocket.send_text(text)
            self._hub.metrics.ws_closed.labels(client.closing.code).inc()
            await self._websocket.close(*client.closing)
        except (WebSocketDisconnect, WebSocketDisconnected):
            pass
        finally:
            if self._reader is not None:
                self._reader.cancel()

    async def _send(self, texts: list[str]) -> None:
        client = self._client
        for text in texts:
            if client.closing is not None:
                break
            client.sending_since_s = self._steady_s()
            await self._websocket.send_text(text)
        if texts:
            client.sending_since_s, client.sent_at_s = None, self._steady_s()
            self._hub.sent.inc(len(texts))

    async def _missed(self) -> list[str]:
        try:
            return await self._resume.recover(self._client)
        except ServiceError:
            await asyncio.sleep(RETRY_S)
            return []


def _id_of(text: str) -> Id:
    """The id of a command that is wrong in some other way, so that its sender knows which."""
    try:
        return _ids.decode(text).id
    except msgspec.DecodeError:
        return None


def _only(value: T | None) -> frozenset[T] | None:
    return None if value is None else frozenset({value})
