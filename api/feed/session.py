"""Session: the commands that a client sends, from their text to their effect; the same for every transport."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from api import tasks
from api.errors import INVALID_MESSAGE, RATE_LIMITED, UNAVAILABLE, ProblemError, ProblemType
from api.feed.client import Client
from api.feed.messages import CLOSE_INVALID, CLOSE_RATE_LIMITED, CLOSE_UNSUPPORTED, Command, Error, Id, Subscribe
from api.feed.token_bucket import TokenBucket
from api.resources import Resources
from domain.errors import ServiceError

INVALID_MAX = 20
"""Invalid messages in a row after which the connection is closed."""

_commands: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)


class _Identified(msgspec.Struct, frozen=True):
    id: Id = None


_ids = msgspec.json.Decoder(_Identified)


class Session:
    """Executes the commands of one client, one after another.

    Parameters
    ----------
    client
        The client.
    resources
        The hub and the services behind it.
    pause_reading, resume_reading
        Called when no more should be read from the client for now, and when reading may go on.
    """

    __slots__ = (
        "_bucket",
        "_client",
        "_invalid",
        "_pause_reading",
        "_queue",
        "_resources",
        "_resume_reading",
        "_task",
    )

    def __init__(
        self,
        client: Client,
        resources: Resources,
        *,
        pause_reading: Callable[[], None],
        resume_reading: Callable[[], None],
    ) -> None:
        self._client = client
        self._resources = resources
        self._pause_reading = pause_reading
        self._resume_reading = resume_reading
        self._bucket = TokenBucket(resources.settings.messages_per_s, resources.steady_s())
        self._invalid = 0
        self._queue: deque[bytes] = deque()
        self._task: asyncio.Task[None] | None = None

    def receive_text(self, text: bytes) -> None:
        """Execute one command, or reply with an error; while one waits for Redis, the next ones are queued."""
        if not self._bucket.take(self._resources.steady_s()):
            self._send_error(None, RATE_LIMITED, "too many messages; send fewer per second")
            self._resources.hub.close(self._client, CLOSE_RATE_LIMITED, RATE_LIMITED.title)
        elif self._task is not None:
            self._queue.append(text)
        else:
            self._execute(text)

    def receive_binary(self) -> None:
        """Close the connection: commands are text."""
        self._resources.hub.close(self._client, CLOSE_UNSUPPORTED, "binary messages are not supported; send text")

    def end(self) -> None:
        """Cancel the running command of a client that disconnected."""
        if self._task is not None:
            self._task.cancel()

    def _execute(self, text: bytes) -> None:
        try:
            command = _commands.decode(text)
        except msgspec.DecodeError as problem:
            self._send_error(_id_of(text), INVALID_MESSAGE, str(problem))
            return
        resume = self._resources.resume
        try:
            if isinstance(command, Subscribe):
                rest = resume.subscribe(self._client, command)
                if rest is None and (command.since is not None or command.snapshot):
                    rest = asyncio.sleep(0)  # a search of the ring takes milliseconds; let others run before the next
                if rest is not None:
                    self._pause_reading()
                    self._task = tasks.spawn("subscribe", self._finish(command.id, rest))
            else:
                resume.unsubscribe(self._client, command)
            self._invalid = 0
        except ProblemError as problem:
            self._send_error(command.id, problem.kind, problem.detail)

    async def _finish(self, command_id: Id, rest: Coroutine[Any, Any, None]) -> None:
        """Run the rest of a command, then the queued ones."""
        try:
            await rest
        except ProblemError as problem:
            self._send_error(command_id, problem.kind, problem.detail)
        except ServiceError:
            self._send_error(command_id, UNAVAILABLE, "missed messages cannot be read now; subscribe again shortly")
        self._task = None
        while self._queue and self._task is None:
            self._execute(self._queue.popleft())
        if self._task is None:
            self._resume_reading()

    def _send_error(self, command_id: Id, kind: ProblemType, detail: str) -> None:
        hub = self._resources.hub
        hub.send(self._client, Error(id=command_id, code=kind.code, retryable=kind.retryable, detail=detail))
        self._invalid = 0 if kind.retryable else self._invalid + 1
        if self._invalid >= INVALID_MAX:
            hub.close(self._client, CLOSE_INVALID, f"{INVALID_MAX} invalid messages in a row")


def _id_of(text: bytes) -> Id:
    """The id of a command that is otherwise invalid, so that the error can name it; None if it has none."""
    try:
        return _ids.decode(text).id
    except msgspec.DecodeError:
        return None
