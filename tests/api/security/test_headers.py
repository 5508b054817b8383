"""Every kind of answer, over a real socket, keeps the browser short."""

from collections.abc import Callable

import msgspec
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from api.security.headers import HSTS, SECURITY_HEADERS
from tests.api.conftest import Api
from tests.api.security.keys import REQUIRED
from tests.api.security.test_middleware import key_headers
from tests.api.test_bad_input import request, send

Serve = Callable[..., Api]
EVERYWHERE = {name.lower(): value for name, value in (SECURITY_HEADERS | HSTS).items()}


@pytest.fixture(params=["own", "asgi"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def secured(serve: Serve) -> Api:
    return serve(security=msgspec.structs.replace(REQUIRED, behind_tls=True), head_s=0.3)


def test_answers_of_every_kind_keep_the_browser_short(secured: Api) -> None:
    key = key_headers(secured, "read", "stream")
    etag = secured.http.get("/openapi.json").headers["etag"]
    answers = [
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
    for status, answer in answers:
        assert answer.status_code == status
        assert EVERYWHERE.items() <= dict(answer.headers).items(), status
        assert len(answer.headers.get_list("x-request-id")) == 1
    with secured.http.stream("GET", "/api/v1/stream/signals", headers=key) as events:
        assert EVERYWHERE.items() <= dict(events.headers).items()


def test_page_for_people_has_a_policy_of_its_own_that_lets_no_script_in(secured: Api) -> None:
    headers = dict(secured.http.get("/docs").headers)
    policy = headers.pop("content-security-policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert policy.endswith("; base-uri 'none'; frame-ancestors 'none'")
    assert "unsafe" not in policy
    left = {name: value for name, value in EVERYWHERE.items() if name != "content-security-policy"}
    assert left.items() <= headers.items()


def test_what_is_refused_before_it_is_a_request_keeps_the_browser_short(secured: Api) -> None:
    for sent, status in (
        (b"nothing like it\r\n\r\n", 400),
        (request(f"/{'a' * 9_000}"), 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Much: " + b"x" * 60_000, 431),
        (b"GET /livez HTTP/1.1\r\nHost: loc", 408),
    ):
        response = send(secured, sent)
        assert response.status == status
        assert EVERYWHERE.items() <= response.headers.items(), status


def test_handshakes_that_are_refused_keep_the_browser_short(secured: Api) -> None:
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
        answer = raised.value.response
        assert answer.status_code == status
        assert EVERYWHERE.items() <= {name.lower(): value for name, value in answer.headers.raw_items()}.items(), path
