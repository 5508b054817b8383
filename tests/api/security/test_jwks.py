import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from api.security.jwks import ASKED_S, RENEWED_S, SIZE_MAX, Jwks, JwksError, parse
from domain.errors import SettingError
from tests.api.security.keys import jwk


class Issuer(ThreadingHTTPServer):
    """Serves a key set, and counts who asks."""

    asked = 0
    status = 200
    body = b""

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
    jwks = Jwks(issuer.url, lambda: now_s)

    async def ask() -> set[str]:
        await asyncio.gather(*(jwks.renew() for _ in range(20)))
        return set(jwks.keys)

    async def course() -> None:
        nonlocal now_s
        assert jwks.due
        assert await ask() == {"a"}
        issuer.body = members("a", "b")
        assert await ask() == {"a"}, "asked a moment ago"
        now_s = ASKED_S
        assert not jwks.due
        assert await ask() == {"a", "b"}
        now_s += RENEWED_S
        assert jwks.due

    asyncio.run(course())
    assert issuer.asked == 2


@pytest.mark.parametrize(("status", "body"), [(500, b""), (302, b""), (200, b"{}"), (200, b" " * (SIZE_MAX + 1))])
def test_known_keys_are_kept_while_there_are_no_others(issuer: Issuer, status: int, body: bytes) -> None:
    now_s = 0.0
    issuer.body = members("a")
    jwks = Jwks(issuer.url, lambda: now_s)
    asyncio.run(jwks.renew())
    issuer.status, issuer.body = status, body
    now_s = ASKED_S
    asyncio.run(jwks.renew())
    assert issuer.asked == 2
    assert set(jwks.keys) == {"a"}


def test_away_at_the_start_is_no_error() -> None:
    jwks = Jwks("http://127.0.0.1:9/jwks.json", lambda: 0.0)
    asyncio.run(jwks.renew())
    assert jwks.keys == {}


@pytest.mark.parametrize("place", ["http://issuer.example/jwks.json", "ftp://issuer.example", "file:///etc/hostname"])
def test_address_without_tls_is_refused(place: str) -> None:
    with pytest.raises(SettingError, match="no https address"):
        Jwks(place, lambda: 0.0)


def test_file_is_read_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    with pytest.raises(SettingError, match="No such file"):
        Jwks(str(file), lambda: 0.0)
    file.write_bytes(members("a"))
    assert set(Jwks(str(file), lambda: 0.0).keys) == {"a"}


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
