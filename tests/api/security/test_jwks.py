import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from api.security.jwks import (
    BYTES_MAX,
    FETCH_INTERVAL_MIN_S,
    REFRESH_INTERVAL_S,
    STALE_AFTER_S,
    JwksCache,
    JwksError,
    parse,
)
from domain.errors import SettingError
from tests.api.security.keys import jwk


class Issuer(ThreadingHTTPServer):
    """Serves a key set, and counts the requests."""

    requests = 0
    status = 200
    body = b""
    pause_s = 0.0
    never_ends = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/jwks.json"


class _Handler(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        self.server.requests += 1
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        time.sleep(self.server.pause_s)
        with suppress(ConnectionError):
            while self.server.never_ends:
                self.wfile.write(b" ")
                time.sleep(0.01)
            self.wfile.write(self.server.body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def members(*kids: str) -> bytes:
    return json.dumps({"keys": [jwk(kid) for kid in kids]}).encode()


def test_key_set_is_refreshed_at_a_limited_rate(issuer: Issuer) -> None:
    now_s = 0.0
    issuer.body = members("a")
    jwks = JwksCache(issuer.url, lambda: now_s)

    async def refresh() -> set[str]:
        await asyncio.gather(*(jwks.refresh() for _ in range(20)))
        return set(jwks.keys)

    async def scenario() -> None:
        nonlocal now_s
        assert await refresh() == {"a"}
        issuer.body = members("a", "b")
        assert await refresh() == {"a"}, "fetched a moment ago"
        now_s = FETCH_INTERVAL_MIN_S
        await jwks.refresh_if_due()
        assert set(jwks.keys) == {"a"}, "not due yet"
        assert await refresh() == {"a", "b"}
        now_s += REFRESH_INTERVAL_S
        await jwks.refresh_if_due()

    asyncio.run(scenario())
    assert issuer.requests == 3


def test_keys_are_trusted_for_a_day_while_the_issuer_fails(issuer: Issuer) -> None:
    now_s = 0.0
    issuer.body = members("a")
    jwks = JwksCache(issuer.url, lambda: now_s)
    asyncio.run(jwks.refresh_if_due())
    issuer.status = 500
    for later_s in (REFRESH_INTERVAL_S, STALE_AFTER_S):
        now_s = later_s
        asyncio.run(jwks.refresh_if_due())
        assert set(jwks.keys) == {"a"}
    now_s = STALE_AFTER_S + 1
    assert jwks.keys == {}
    issuer.status, now_s = 200, STALE_AFTER_S + FETCH_INTERVAL_MIN_S
    asyncio.run(jwks.refresh_if_due())
    assert set(jwks.keys) == {"a"}


def test_waiting_for_a_silent_issuer_is_bounded(issuer: Issuer) -> None:
    """And only one thread waits for it, however many callers there are."""
    now_s = 0.0
    issuer.body, issuer.pause_s = members("a"), 0.5
    jwks = JwksCache(issuer.url, lambda: now_s, wait_s=0.05)

    async def scenario() -> None:
        nonlocal now_s
        for later_s in (0.0, FETCH_INTERVAL_MIN_S, 2 * FETCH_INTERVAL_MIN_S):
            now_s = later_s
            await asyncio.gather(*(jwks.refresh() for _ in range(20)))
            assert jwks.keys == {}

    asyncio.run(scenario())
    assert issuer.requests == 1


def test_endless_response_is_abandoned(issuer: Issuer) -> None:
    """Each chunk arrives in time, but the response never ends."""
    now_s = 0.0

    def steady_s() -> float:
        nonlocal now_s
        now_s += 1
        return now_s

    issuer.body, issuer.never_ends = members("a"), True
    jwks = JwksCache(issuer.url, steady_s)
    asyncio.run(jwks.refresh())
    assert jwks.keys == {}


@pytest.mark.parametrize(("status", "body"), [(500, b""), (302, b""), (200, b"{}"), (200, b" " * (BYTES_MAX + 1))])
def test_invalid_response_keeps_the_cached_keys(issuer: Issuer, status: int, body: bytes) -> None:
    now_s = 0.0
    issuer.body = members("a")
    jwks = JwksCache(issuer.url, lambda: now_s)
    asyncio.run(jwks.refresh())
    issuer.status, issuer.body = status, body
    now_s = FETCH_INTERVAL_MIN_S
    asyncio.run(jwks.refresh())
    assert issuer.requests == 2
    assert set(jwks.keys) == {"a"}


def test_unreachable_issuer_at_the_start_is_not_an_error() -> None:
    jwks = JwksCache("http://127.0.0.1:9/jwks.json", lambda: 0.0)
    asyncio.run(jwks.refresh())
    assert jwks.keys == {}


@pytest.mark.parametrize(
    "location", ["https://", "file:///etc/hostname", "https://ada:hunter2@issuer.example/jwks.json"]
)
def test_url_needs_a_host_and_may_hold_no_password(location: str) -> None:
    with pytest.raises(SettingError, match="a host and without a password") as raised:
        JwksCache(location, lambda: 0.0)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("location", ["http://issuer.example/jwks.json", "ftp://issuer.example"])
def test_url_without_tls_is_rejected(location: str) -> None:
    with pytest.raises(SettingError, match="must be an https URL"):
        JwksCache(location, lambda: 0.0)


def test_file_is_read_at_the_start_and_again(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    with pytest.raises(SettingError, match="No such file"):
        JwksCache(str(file), lambda: 0.0)
    file.write_bytes(members("a"))
    now_s = 0.0
    jwks = JwksCache(str(file), lambda: now_s)
    assert set(jwks.keys) == {"a"}
    file.write_bytes(members("b"))
    now_s = REFRESH_INTERVAL_S
    asyncio.run(jwks.refresh_if_due())
    assert set(jwks.keys) == {"b"}, "a removed key is no longer trusted"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"keys": []}',
        b'{"keys": [{}]}',
        json.dumps({"keys": [jwk("a", kty="EC")]}).encode(),
        json.dumps({"keys": [jwk("a", alg="RS512")]}).encode(),
        json.dumps({"keys": [jwk("a", use="enc")]}).encode(),
        json.dumps({"keys": [jwk("a", n="AQAB")]}).encode(),
        json.dumps({"keys": [jwk("a", n="%%")]}).encode(),
        json.dumps({"keys": [jwk("a") | {"kid": 7}]}).encode(),
    ],
)
def test_key_set_without_a_usable_key_is_rejected(content: bytes) -> None:
    with pytest.raises(JwksError):
        parse(content)
