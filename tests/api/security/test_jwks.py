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
    FETCH_INTERVAL_MIN_S,
    REFRESH_INTERVAL_S,
    SIZE_MAX,
    STALE_AFTER_S,
    JwksCache,
    JwksError,
    parse,
)
from domain.errors import SettingError
from tests.api.security.keys import jwk


class Issuer(ThreadingHTTPServer):
    """Serves a key set, and counts who asks."""

    asked = 0
    status = 200
    body = b""
    pause_s = 0.0
    drips = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/jwks.json"


class _Handler(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        time.sleep(self.server.pause_s)
        with suppress(ConnectionError):
            while self.server.drips:
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


def test_key_set_is_asked_again_but_not_by_everybody(issuer: Issuer) -> None:
    now_s = 0.0
    issuer.body = members("a")
    jwks = JwksCache(issuer.url, lambda: now_s)

    async def ask() -> set[str]:
        await asyncio.gather(*(jwks.refresh() for _ in range(20)))
        return set(jwks.keys)

    async def course() -> None:
        nonlocal now_s
        assert await ask() == {"a"}
        issuer.body = members("a", "b")
        assert await ask() == {"a"}, "asked a moment ago"
        now_s = FETCH_INTERVAL_MIN_S
        await jwks.refresh_if_due()
        assert set(jwks.keys) == {"a"}, "it is not time"
        assert await ask() == {"a", "b"}
        now_s += REFRESH_INTERVAL_S
        await jwks.refresh_if_due()

    asyncio.run(course())
    assert issuer.asked == 3


def test_keys_that_cannot_be_had_again_are_believed_for_a_day(issuer: Issuer) -> None:
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


def test_who_waits_for_a_silent_issuer_does_not_wait_long(issuer: Issuer) -> None:
    """And one thread waits for it, however many ask, and however often."""
    now_s = 0.0
    issuer.body, issuer.pause_s = members("a"), 0.5
    jwks = JwksCache(issuer.url, lambda: now_s, wait_s=0.05)

    async def course() -> None:
        nonlocal now_s
        for later_s in (0.0, FETCH_INTERVAL_MIN_S, 2 * FETCH_INTERVAL_MIN_S):
            now_s = later_s
            await asyncio.gather(*(jwks.refresh() for _ in range(20)))
            assert jwks.keys == {}

    asyncio.run(course())
    assert issuer.asked == 1


def test_issuer_who_never_comes_to_an_end_is_left(issuer: Issuer) -> None:
    """Each part comes in time, but not the last."""
    now_s = 0.0

    def steady_s() -> float:
        nonlocal now_s
        now_s += 1
        return now_s

    issuer.body, issuer.drips = members("a"), True
    jwks = JwksCache(issuer.url, steady_s)
    asyncio.run(jwks.refresh())
    assert jwks.keys == {}


@pytest.mark.parametrize(("status", "body"), [(500, b""), (302, b""), (200, b"{}"), (200, b" " * (SIZE_MAX + 1))])
def test_known_keys_are_kept_while_there_are_no_others(issuer: Issuer, status: int, body: bytes) -> None:
    now_s = 0.0
    issuer.body = members("a")
    jwks = JwksCache(issuer.url, lambda: now_s)
    asyncio.run(jwks.refresh())
    issuer.status, issuer.body = status, body
    now_s = FETCH_INTERVAL_MIN_S
    asyncio.run(jwks.refresh())
    assert issuer.asked == 2
    assert set(jwks.keys) == {"a"}


def test_away_at_the_start_is_no_error() -> None:
    jwks = JwksCache("http://127.0.0.1:9/jwks.json", lambda: 0.0)
    asyncio.run(jwks.refresh())
    assert jwks.keys == {}


@pytest.mark.parametrize("place", ["https://", "file:///etc/hostname", "https://ada:hunter2@issuer.example/jwks.json"])
def test_address_is_one_and_holds_no_secret(place: str) -> None:
    with pytest.raises(SettingError, match="a host and without a password") as raised:
        JwksCache(place, lambda: 0.0)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("place", ["http://issuer.example/jwks.json", "ftp://issuer.example"])
def test_address_without_tls_is_refused(place: str) -> None:
    with pytest.raises(SettingError, match="must be an https URL"):
        JwksCache(place, lambda: 0.0)


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
    assert set(jwks.keys) == {"b"}, "a key that was taken out is believed no longer"


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
def test_set_without_a_key_that_will_do_is_none(content: bytes) -> None:
    with pytest.raises(JwksError):
        parse(content)
