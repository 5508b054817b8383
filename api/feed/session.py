"""Session: what a client says, from its text to what is done about it; the same for every kind of connection."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from api import tasks
from api.errors import INVALID_MESSAGE, RATE_LIMITED, UNAVAILABLE, Kind, ProblemError
from api.feed.allowance import Allowance
from api.feed.client import Client
from api.feed.messages import CLOSE_BAD, CLOSE_FLOODING, CLOSE_UNSUPPORTED, Command, Error, Id, Subscribe
from api.resources import Resources
from domain.errors import ServiceError

BAD_MAX = 20
"""Messages in a row that make no sense, after which nothing better is expected."""

_commands: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)


class _Identified(msgspec.Struct, frozen=True):
    id: Id = None


_ids = msgspec.json.Decoder(_Identified)


class Session:
    """The client's side of a conversation. It is made when a client first says something; most never do.

    Parameters
    ----------
    client
        Who speaks.
    resources
        What it speaks to.
    hold, release
        Called when nothing more should be read from the client for now, and when it should again.
    """

    __slots__ = ("_allowance", "_bad", "_client", "_hold", "_release", "_resources", "_waiting", "_work")

    def __init__(
        self, client: Client, resources: Resources, hold: Callable[[], None], release: Callable[[], None]
    ) -> None:
        self._client = client
        self._resources = resources
        self._hold = hold
        self._release = release
        self._allowance = Allowance(resources.settings.messages_per_s, resources.steady_s())
        self._bad = 0
        self._waiting: deque[bytes] = deque()
        self._work: asyncio.Task[None] | None = None

    def hear(self, text: bytes) -> None:
        """Obey one message, or say why not; one that has to wait for Redis keeps the next ones waiting."""
        if not self._allowance.take(self._resources.steady_s()):
            self._refuse(None, RATE_LIMITED, "too many messages; send fewer per second")
            self._resources.hub.close(self._client, CLOSE_FLOODING, RATE_LIMITED.title)
        elif self._work is not None:
            self._waiting.append(text)
        else:
            self._obey(text)

    def hear_binary(self) -> None:
        """There is nothing that it could say."""
        self._resources.hub.close(self._client, CLOSE_UNSUPPORTED, "only text is understood")

    def end(self) -> None:
        """Stop working for a client that left."""
        if self._work is not None:
            self._work.cancel()

    def _obey(self, text: bytes) -> None:
        try:
            command = _commands.decode(text)
        except msgspec.DecodeError as problem:
            self._refuse(_id_of(text), INVALID_MESSAGE, str(problem))
            return
        resume = self._resources.resume
        try:
            if isinstance(command, Subscribe):
                later = resume.subscribe(self._client, command)
                if later is None and (command.since is not None or command.snapshot):
                    later = asyncio.sleep(0)  # to look back takes milliseconds; others get their turn before the next
                if later is not None:
                    self._hold()
                    self._work = tasks.spawn("subscribe", self._finish(command.id, later))
            else:
                resume.unsubscribe(self._client, command)
            self._bad = 0
        except ProblemError as problem:
            self._refuse(command.id, problem.kind, problem.detail)

    async def _finish(self, command_id: Id, later: Coroutine[Any, Any, None]) -> None:
        try:
            await later
        except ProblemError as problem:
            self._refuse(command_id, problem.kind, problem.detail)
        except ServiceError:
            self._refuse(command_id, UNAVAILABLE, "what was missed cannot be had now; subscribe again shortly")
        self._work = None
        while self._waiting and self._work is None:
            self._obey(self._waiting.popleft())
        if self._work is None:
            self._release()

    def _refuse(self, command_id: Id, kind: Kind, detail: str) -> None:
        hub = self._resources.hub
        hub.tell(self._client, Error(id=command_id, code=kind.code, retryable=kind.retryable, detail=detail))
        self._bad = 0 if kind.retryable else self._bad + 1
        if self._bad >= BAD_MAX:
            hub.close(self._client, CLOSE_BAD, "nothing that was said made sense")


def _id_of(text: bytes) -> Id:
    """The id of a command that is wrong in some other way, so that its sender knows which."""
    try:
        return _ids.decode(text).id
    except msgspec.DecodeError:
        return None
