"""Every kind of response, over a real socket, has the security headers."""

from collections.abc import Callable

import msgspec
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from api.security.headers import HSTS, SECURITY_HEADERS
from tests.api.conftest import Api
from tests.api.security.keys import REQUIRED, key_headers
from tests.api.test_bad_input import request, send

Serve = Callable[..., Api]
EVERYWHERE = {name.lower(): value for name, value in (SECURITY_HEADERS | HSTS).items()}


@pytest.fixture(params=["own", "asgi"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def secured(serve: Serve) -> Api:
    return serve(security=msgspec.structs.replace(REQUIRED, behind_tls=True), head_s=0.3)


def test_responses_of_every_status_have_the_security_headers(secured: Api) -> None:
    key = key_headers(secured, "read", "stream")
    etag = secured.http.get("/openapi.json").headers["etag"]
    responses = [
        (200, secured.http.get("/livez")),
        (200, secured.http.get("/api/v1/instruments", headers=key)),
        (201, secured.http.post("/api/v1/tickets", headers=key)),
        (304, secured.http.get("/openapi.json", headers={"if-none-match": etag})),
        (400, secured.http.get("/api/v1/signals?limit=x", headers=key)),
        (401, secured.http.get("/api/v1/signals")),
        (403, secured.http.get("/metrics", headers=key)),
        (404, secured.http.get("/nope")),
        (405, secured.http.post("/livez")),
        (413, secured.http.post("/api/v1/tickets", content=bytes(4097))),
        (421, secured.http.get("/livez", headers={"host": "evil.example"})),
        (431, secured.http.get("/livez", headers={"x-long": "a" * 17_000})),
    ]
    for status, response in responses:
        assert response.status_code == status
        assert EVERYWHERE.items() <= dict(response.headers).items(), status
        assert len(response.headers.get_list("x-request-id")) == 1
    with secured.http.stream("GET", "/api/v1/stream/signals", headers=key) as events:
        assert EVERYWHERE.items() <= dict(events.headers).items()


def test_reference_page_has_its_own_policy_without_scripts(secured: Api) -> None:
    headers = dict(secured.http.get("/docs").headers)
    policy = headers.pop("content-security-policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert policy.endswith("; base-uri 'none'; frame-ancestors 'none'")
    assert "unsafe" not in policy
    others = {name: value for name, value in EVERYWHERE.items() if name != "content-security-policy"}
    assert others.items() <= headers.items()


def test_malformed_requests_get_the_security_headers(secured: Api) -> None:
    for sent, status in (
        (b"nothing like it\r\n\r\n", 400),
        (request(f"/{'a' * 9_000}"), 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Much: " + b"x" * 60_000, 431),
        (b"GET /livez HTTP/1.1\r\nHost: loc", 408),
    ):
        response = send(secured, sent)
        assert response.status == status
        assert EVERYWHERE.items() <= response.headers.items(), status


def test_rejected_handshakes_get_the_security_headers(secured: Api) -> None:
    key = key_headers(secured, "read", "stream")
    for path, status, headers in (
        ("/ws/feed", 401, {}),
        ("/ws/feed", 403, {**key, "origin": "https://evil.example"}),
        ("/ws/nope", 404, key),
        ("/ws/feed?nothing=1", 400, key),
    ):
        with (
            pytest.raises(InvalidStatus) as raised,
            connect(f"ws://{secured.address}{path}", proxy=None, additional_headers=headers),
        ):
            pass
        response = raised.value.response
        assert response.status_code == status
        assert EVERYWHERE.items() <= {name.lower(): value for name, value in response.headers.raw_items()}.items(), path
