"""Invalid requests, byte by byte, and the problem that each is answered with."""

import json
import socket
from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.api.builders import emitted
from tests.api.conftest import Api
from tests.until import until

LIST = "/api/v1/signals"
EXECUTE = "/api/v1/arbitrage/execute"


class RawResponse(NamedTuple):
    """A response, as read from the socket."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of the problem that it reports, after checking that it is one."""
        assert self.headers["content-type"] == "application/problem+json"
        problem = json.loads(self.body)
        assert problem["status"] == self.status
        assert problem["type"].startswith("urn:problem-type:signalengine:")
        assert problem["title"]
        assert isinstance(problem["retryable"], bool)
        return str(problem["code"])


def send(api: Api, data: bytes) -> RawResponse:
    """Send `data` on a new connection; the response."""
    host, port = api.address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as raw, raw.makefile("rb") as file:
        raw.sendall(data)
        status = int(file.readline().split()[1])
        headers = {}
        while line := file.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return RawResponse(status, headers, file.read(int(headers.get("content-length", "0"))))


def request(target: str, method: str = "GET", body: bytes = b"", **headers: str) -> bytes:
    """A request in its encoding on the wire; `_` in header names stands for `-`."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def post(body: bytes, **headers: str) -> bytes:
    return request(EXECUTE, "POST", body, **{"Content_Type": "application/json", "Idempotency_Key": "k"} | headers)


URLS = [
    ("/nothing", 404, "not_found"),
    ("/api/v1/signals/", 404, "not_found"),
    ("//api/v1/signals", 404, "not_found"),
    ("/api/v1/../v1/signals", 404, "not_found"),
    ("/api/v1/%2e%2e/v1/signals", 404, "not_found"),
    ("/%00", 404, "not_found"),
    (f"{LIST}?nothing=1", 400, "invalid_parameter"),
    (f"{LIST}?Limit=1", 400, "invalid_parameter"),
    (f"{LIST}?limit=1&limit=1", 400, "invalid_parameter"),
    (f"{LIST}?limit", 400, "invalid_parameter"),
    (f"{LIST}?limit=1001", 400, "invalid_parameter"),
    (f"{LIST}?limit={'9' * 400}", 400, "invalid_parameter"),
    (f"{LIST}?limit=1e3", 400, "invalid_parameter"),
    (f"{LIST}?limit=%31%30%30%31", 400, "invalid_parameter"),
    (f"{LIST}?limit=null", 400, "invalid_parameter"),
    (f"{LIST}?page=1000001", 400, "invalid_parameter"),
    (f"{LIST}?min_confidence=NaN", 400, "invalid_parameter"),
    (f"{LIST}?min_confidence=inf", 400, "invalid_parameter"),
    (f"{LIST}?mtf_aligned=1", 400, "invalid_parameter"),
    (f"{LIST}?direction=LONG", 400, "invalid_parameter"),
    (f"{LIST}?since=0.5", 400, "invalid_parameter"),
    (f"{LIST}?since=2026-11-20T12:00:00", 400, "invalid_parameter"),
    (f"{LIST}?since=2026-02-30T12:00:00Z", 400, "invalid_parameter"),
    (f"{LIST}?timeframe=5x", 400, "invalid_parameter"),
    (f"{LIST}?symbol=%00", 400, "invalid_parameter"),
    (f"{LIST}?symbol=%ff", 400, "invalid_parameter"),
    (f"{LIST}?symbol=a%20b", 400, "invalid_parameter"),
    (f"{LIST}?symbol={'A' * 201}", 400, "invalid_parameter"),
    (f"{LIST}?{'&'.join(f'a{number}=1' for number in range(60))}", 400, "invalid_parameter"),
    (f"{LIST}?cursor=0", 400, "invalid_parameter"),
    (f"{LIST}?cursor={'g' * 47}", 400, "invalid_parameter"),
    (f"{LIST}?cursor={'f' * 47}", 400, "invalid_parameter"),
    (f"{LIST}/%27%3BDROP", 400, "invalid_parameter"),
    (f"{LIST}/{'f' * 32}", 404, "not_found"),
    ("/performance/stats?lookback_days=0", 400, "invalid_parameter"),
    ("/api/v1/bars/BTCUSDT", 400, "invalid_parameter"),
]


def test_invalid_urls_and_parameters_are_refused(api: Api) -> None:
    for target, status, code in URLS:
        response = send(api, request(target))
        assert (response.status, response.code) == (status, code), target


def test_a_forged_cursor_bypasses_no_filter(api: Api) -> None:
    """A cursor holds only a position in the order of rows, and any position is valid."""
    api.write([emitted(number) for number in range(1, 5)])
    page = api.get(f"{LIST}?limit=2&symbol=ETHUSDT&cursor=3{'f' * 46}")
    assert {row["symbol"] for row in page["signals"]} == {"ETHUSDT"}
    cursor = api.get(f"{LIST}?limit=2")["next_cursor"]
    for index in range(len(cursor)):
        forged = f"{cursor[:index]}{'0' if cursor[index] != '0' else '1'}{cursor[index + 1 :]}"
        assert api.http.get(f"{LIST}?limit=2&cursor={forged}").status_code == 200


def test_unsupported_methods_are_refused_with_the_supported_ones(api: Api) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
        response = send(api, request(LIST, method))
        assert (response.status, response.code) == (405, "method_not_allowed")
        assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}
    response = send(api, request(EXECUTE))
    assert (response.status, response.code, response.headers["allow"]) == (405, "method_not_allowed", "POST")
    response = send(api, request(LIST, "HEAD"))
    assert response.status == 200


BODIES = [
    (b"{", 400, "invalid_message"),
    (b"", 400, "invalid_message"),
    (b"null", 400, "invalid_message"),
    (b"[]", 400, "invalid_message"),
    (b'{"opportunity_id": 7, "revision": 0}', 400, "invalid_message"),
    (b'{"opportunity_id": "%s", "revision": "0"}' % (b"0" * 32), 400, "invalid_message"),
    (b'{"opportunity_id": "%s", "revision": -1}' % (b"0" * 32), 400, "invalid_message"),
    (b'{"opportunity_id": "%s", "revision": NaN}' % (b"0" * 32), 400, "invalid_message"),
    (b'{"opportunity_id": "%s", "revision": 1e999}' % (b"0" * 32), 400, "invalid_message"),
    (b'{"opportunity_id": "%s", "revision": 0, "also": 1}' % (b"0" * 32), 400, "invalid_message"),
    (b'{"opportunity_id": "\xed\xa0\x80", "revision": 0}', 400, "invalid_message"),
    (b"[" * 4_000, 400, "invalid_message"),
    (b" " * 5_000, 413, "too_large"),
]


def test_invalid_bodies_are_refused(api: Api) -> None:
    for body, status, code in BODIES:
        response = send(api, post(body))
        assert (response.status, response.code) == (status, code), body[:60]
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "json"):
        response = send(api, post(b"{}", Content_Type=kind))
        assert (response.status, response.code) == (415, "unsupported")


def test_an_endless_body_is_refused_at_the_limit(api: Api) -> None:
    head = request(EXECUTE, "POST", Content_Type="application/json", Idempotency_Key="k", Transfer_Encoding="chunked")
    response = send(api, head + b"1000\r\n" + b" " * 0x1000 + b"\r\n1000\r\n" + b" " * 0x1000 + b"\r\n")
    assert (response.status, response.code) == (413, "too_large")


def test_unknown_hosts_are_refused(api: Api) -> None:
    for sent in (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"):
        response = send(api, sent)
        assert (response.status, response.code) == (421, "misdirected")


def test_requests_that_could_be_smuggled_are_refused(api: Api) -> None:
    """Requests that a proxy in front of the API may parse differently (RFC 9112 §3.2, §6.3 and §11.2)."""
    host, size, chunked = "Host: localhost\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"
    for head in (
        host + size + chunked,
        host + size + "Content-Length: 6\r\n",
        host + "Transfer-Encoding: xchunked\r\n",
        host + "Transfer-Encoding: chunked, identity\r\n",
        host + "X-A: b\r\n c\r\n",
        host + "X-A: b\0c\r\n",
        "Host : localhost\r\n",
    ):
        response = send(api, f"POST {EXECUTE} HTTP/1.1\r\n{head}\r\n0\r\n\r\n".encode())
        assert (response.status, response.code) == (400, "malformed"), head


WEBSOCKET = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def test_two_host_headers_are_refused_in_either_order(api: Api) -> None:
    for two in ("Host: localhost\r\nHost: evil.example", "Host: evil.example\r\nHost: localhost"):
        for upgrade in ("", WEBSOCKET):
            response = send(api, f"GET {LIST} HTTP/1.1\r\n{two}\r\n{upgrade}\r\n".encode())
            assert (response.status, response.code) == (421, "misdirected")


def test_endless_chunks_and_trailers_are_refused(api: Api) -> None:
    """Also where the operation does not read the body."""
    head = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    for endless in (b"1;" + b"e" * 60_000, b"0\r\n" + b"X: y\r\n" * 9_000):
        response = send(api, head + endless)
        assert (response.status, response.code) == (431, "headers_too_large")


HEADS = [
    (b"nothing like it\r\n\r\n", 400, "malformed"),
    (b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n", 400, "malformed"),
    (b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 400, "malformed"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01", 400, "malformed"),
    (request(LIST, "POST", Content_Length="-1"), 400, "malformed"),
    (request(LIST, "POST", Transfer_Encoding="chunked") + b"xyz\r\n", 400, "malformed"),
    (request(f"{LIST}?symbol={'A' * 9_000}"), 414, "address_too_long"),
    (request(f"/{'a' * 30_000}"), 414, "address_too_long"),
    (request(LIST, X_Much="x" * 20_000), 431, "headers_too_large"),
    (request(LIST, **{f"X_{number}": "x" for number in range(200)}), 431, "headers_too_large"),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Much: " + b"x" * 60_000, 431, "headers_too_large"),
]


def test_malformed_and_oversized_heads_are_refused_and_not_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    for sent, status, code in HEADS:
        response = send(api, sent)
        assert (response.status, response.code) == (status, code), sent[:60]
        assert response.headers["x-request-id"] == json.loads(response.body)["instance"]
    assert api.http.get("/livez").status_code == 200
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")], "must not fill the log"


def test_an_incomplete_request_is_answered_with_408(serve: Callable[..., Api]) -> None:
    api = serve(head_s=0.2)
    for sent in (b"GET /livez HTTP/1.1\r\nHost: loc", post(b"{" * 9)[:-8]):
        response = send(api, sent)
        assert (response.status, response.code) == (408, "timed_out")
        assert json.loads(response.body)["detail"] == "not complete after 0.2 s; send it without pauses"


def test_a_client_that_disconnects_in_mid_request_is_not_an_error(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    host, port = api.address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        raw.sendall(post(b"{" * 9)[:-8])
        until(lambda: api.resources.incomplete_requests)
    until(lambda: not api.resources.incomplete_requests)
    until(lambda: requests_with_status(api, "408") == 1)
    assert requests_with_status(api, "500") == 0
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def requests_with_status(api: Api, status: str) -> float:
    """The number of requests to execute that ended with `status`."""
    series = f'http_request_duration_seconds_count{{method="POST",path="{EXECUTE}",status="{status}"}}'
    return float(api.get("/metrics/legacy")["metrics"].get(series, 0))
