"""A running API: uvicorn on a loopback port, in a thread, with a real Postgres and a real Valkey."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import psycopg
import pytest
import redis
from websockets.sync.client import ClientConnection, connect

from api.__main__ import Server, config
from api.app import OFF, build
from api.resources import Resources
from api.security.settings import SecuritySettings
from api.serving.listener import listen
from api.settings import ApiSettings
from domain.signals import Signal
from flows.services import valkey
from store import feed, signals
from store.postgres import connect as connect_postgres
from tests import servers
from tests.api.builders import alert_of
from tests.api.feed_schema import validated
from tests.until import until

TIMEOUT_S = 20


@dataclass
class Api:
    """A running API, with connections to its Postgres and Redis for writing to them."""

    address: str
    resources: Resources
    server: Server
    thread: threading.Thread
    connection: psycopg.Connection
    redis: redis.Redis
    http: httpx2.Client = field(init=False)
    seq: int = 0

    def __post_init__(self) -> None:
        self.http = httpx2.Client(base_url=f"http://{self.address}")

    def get(self, path: str, status: int = 200, **options: Any) -> Any:
        """The JSON at `path`."""
        response = self.http.get(path, **options)
        assert response.status_code == status, response.text
        return response.json()

    def pages(self, path: str) -> Iterator[httpx2.Response]:
        """The response at `path` and each that follows it by the header `Link`."""
        link: str | None = path
        while link is not None:
            response = self.http.get(link)
            assert response.status_code == 200, response.text
            yield response
            link = response.links.get("next", {}).get("url")

    def write(self, rows: Sequence[Signal]) -> None:
        """Write signals to Postgres."""
        with self.connection.transaction():
            signals.write(self.connection, rows)

    def publish(self, rows: Sequence[Signal], channel: str = "signals") -> list[int]:
        """Publish to the feed under the next seqs, once the API follows it: earlier messages are not delivered live."""
        until(lambda: self.resources.hub.epoch)
        payload = {"signals": signals.payload, "alerts": alert_of}[channel]
        entries = [(self.seq + place, payload(row)) for place, row in enumerate(rows, 1)]
        self.seq += len(rows)
        assert feed.publish(self.redis, channel, entries) == len(rows)
        return [seq for seq, _ in entries]

    def wait_for_ring(self, channel: str = "signals") -> None:
        """Wait until every published message is in the ring."""
        until(lambda: self.resources.hub.ring.newest.get(channel, 0) == self.seq)

    @contextmanager
    def websocket(self, path: str = "/ws/feed", **options: Any) -> Iterator[ClientConnection]:
        """A client that has received `connected`."""
        with connect(f"ws://{self.address}{path}", proxy=None, **options) as websocket:
            assert receive(websocket)["type"] == "connected"
            yield websocket

    def stop(self) -> None:
        """Stop the server as SIGTERM does."""
        self.server.should_exit = True
        self.thread.join(TIMEOUT_S)
        assert not self.thread.is_alive()


def receive(websocket: ClientConnection, within_s: float = TIMEOUT_S) -> dict[str, Any]:
    """The next message other than the periodic `status` and `keepalive`."""
    message: dict[str, Any] = {"type": "status"}
    while message["type"] in ("status", "keepalive"):
        message = validated(websocket.recv(within_s))
    return message


def send_command(websocket: ClientConnection, **command: Any) -> dict[str, Any]:
    """Send a command; the next message, which is its reply."""
    websocket.send(json.dumps(command))
    return receive(websocket)


@pytest.fixture
def transport() -> str:
    """The WebSocket implementation to test: `own`, our protocol class, or `asgi`."""
    return "own"


@pytest.fixture
def serve(database_url: str, clean_redis_url: str, transport: str) -> Iterator[Callable[..., Api]]:
    """Start an API with the given settings."""
    started: list[Api] = []
    # Tests write to Postgres without an announcement, so hot lists are off unless a test is about them.
    defaults = {"keepalive_s": 60.0, "status_s": 60.0, "hot_rows": 0, "analytics_fresh_s": 0}

    def start(
        redis_url: str = clean_redis_url,
        database: str = database_url,
        now_ns: Callable[[], int] = time.time_ns,
        security: SecuritySettings = OFF,
        port: int = 0,
        **settings: Any,
    ) -> Api:
        api_settings = ApiSettings(port=port, **{**defaults, **settings})
        app = build(
            api_settings,
            security,
            database_url=database,
            redis_url=redis_url,
            now_ns=now_ns,
            steady_s=time.perf_counter,
        )
        listener = listen(api_settings.host, port)
        server = Server(config(app, api_settings, fallback=transport == "asgi"), app.state.resources.hub)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        host, port = listener.getsockname()
        api = Api(
            address=f"{host}:{port}",
            resources=app.state.resources,
            server=server,
            thread=thread,
            connection=connect_postgres(database_url),
            redis=feed.connect(clean_redis_url),
        )
        started.append(api)
        until(lambda: server.started)
        return api

    yield start
    for api in started:
        api.stop()
        api.http.close()
        api.connection.close()
        api.redis.close()


@pytest.fixture
def api(serve: Callable[..., Api]) -> Api:
    """A running API that follows the feed."""
    running = serve()
    until(lambda: running.resources.tail.connected)
    return running


@pytest.fixture
def start_valkey() -> Iterator[Callable[..., servers.Server]]:
    """Start a Valkey for this test alone, whose data survive a restart (`durable=True`) or do not."""
    with ExitStack() as stack:

        def start(*, durable: bool) -> servers.Server:
            own = stack.enter_context(servers.server(valkey, durable=durable))
            own.start()
            return own

        yield start


def serve_on_valkey(serve: Callable[..., Api], own: servers.Server, **settings: Any) -> Api:
    """An API, and the connection that publishes to it, on the given Valkey."""
    api = serve(redis_url=own.url, **settings)
    api.redis.close()
    api.redis = feed.connect(own.url)
    until(lambda: api.resources.tail.connected)
    return api
