"""Authentication of streams, and what closes them: expiry and revocation."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from store import api_keys
from tests.api.conftest import Api, receive
from tests.api.security.keys import REQUIRED, WITH_SECRET, bearer, key_headers, make_key, token
from tests.until import until

Serve = Callable[..., Api]


@pytest.fixture
def secured(serve: Serve) -> Api:
    api = serve(security=WITH_SECRET)
    until(lambda: api.resources.tail.connected)
    return api


def rejected(api: Api, path: str = "/ws/feed", **options: Any) -> tuple[int, str]:
    """Status and code of a rejected handshake."""
    with pytest.raises(InvalidStatus) as raised, connect(f"ws://{api.address}{path}", proxy=None, **options):
        pass
    response = raised.value.response
    assert response.body is not None
    return response.status_code, json.loads(response.body)["code"]


def closed(websocket: ClientConnection, within_s: float = 10) -> int:
    """The code with which the server closes the connection."""
    with pytest.raises(ConnectionClosed) as raised:
        receive_all(websocket, within_s)
    assert raised.value.rcvd is not None
    return raised.value.rcvd.code


def receive_all(websocket: ClientConnection, within_s: float) -> None:
    while True:
        websocket.recv(within_s)


def test_streams_require_authentication_and_the_scope(secured: Api) -> None:
    assert rejected(secured) == (401, "unauthenticated")
    assert rejected(secured, additional_headers=bearer("nonsense")) == (401, "unauthenticated")
    assert rejected(secured, "/ws/feed?ticket=nonsense") == (401, "unauthenticated")
    assert rejected(secured, additional_headers=key_headers(secured, "read")) == (403, "forbidden")


def test_key_is_accepted_in_the_header_and_in_the_subprotocol(secured: Api) -> None:
    headers = key_headers(secured, "stream")
    text = headers["authorization"].removeprefix("Bearer ")
    with secured.websocket(additional_headers=headers) as websocket:
        assert websocket.subprotocol is None
    with secured.websocket(subprotocols=["signalengine.v1", f"bearer.{text}"]) as websocket:
        assert websocket.subprotocol == "signalengine.v1"
    now_s = time.time()
    with secured.websocket(subprotocols=["signalengine.v1", f"bearer.{token(now_s)}"]) as websocket:
        assert websocket.subprotocol == "signalengine.v1"


def test_ticket_opens_one_connection_on_any_worker(secured: Api, serve: Serve) -> None:
    other = serve(security=WITH_SECRET)
    headers = key_headers(secured, "stream")
    until(lambda: other.resources.access.keys.contains(headers["authorization"].split("_")[1]))
    created = secured.http.post("/api/v1/tickets", headers=headers)
    assert (created.status_code, created.headers["cache-control"]) == (201, "no-store")
    ticket = created.json()["ticket"]
    assert created.json()["expires_in_s"] == 30
    with other.websocket(f"/api/v1/ws/signals?symbol=BTCUSDT&ticket={ticket}"):
        assert rejected(secured, f"/ws/feed?ticket={ticket}") == (401, "unauthenticated")
    again = secured.http.post("/api/v1/tickets", headers=headers).json()["ticket"]
    for method, path in (("GET", "/api/v1/signals"), ("GET", "/livez"), ("POST", "/api/v1/tickets")):
        assert secured.http.request(method, f"{path}?ticket={again}").status_code in (400, 401), (
            "tickets are for streams"
        )
    with secured.websocket(f"/ws/feed?ticket={again}"):
        pass  # it was not consumed


def test_ticket_is_rejected_once_its_key_is_revoked(secured: Api) -> None:
    text, key = make_key(secured.connection, "stream")
    until(lambda: secured.resources.access.keys.contains(key.id))
    tickets = [secured.http.post("/api/v1/tickets", headers=bearer(text)).json()["ticket"] for _ in range(2)]
    assert api_keys.revoke(secured.connection, key.id, at=datetime.now(UTC), actor="test")
    until(lambda: not secured.resources.access.keys.contains(key.id))
    assert rejected(secured, f"/ws/feed?ticket={tickets[0]}") == (401, "unauthenticated")
    assert secured.http.get(f"/api/v1/stream/signals?ticket={tickets[1]}").status_code == 401


def test_tickets_are_issued_only_with_the_scope_stream(secured: Api) -> None:
    for headers, status in ((key_headers(secured, "read"), 403), ({}, 401), (bearer("nonsense"), 401)):
        assert secured.http.post("/api/v1/tickets", headers=headers).status_code == status
    evil = {**key_headers(secured, "stream"), "origin": "https://evil.example"}
    assert secured.http.post("/api/v1/tickets", headers=evil).status_code == 403


def test_tickets_work_without_authentication(api: Api) -> None:
    ticket = api.http.post("/api/v1/tickets").json()["ticket"]
    with api.websocket(f"/ws/feed?ticket={ticket}"):
        pass


def test_page_of_another_origin_is_rejected_despite_a_valid_key(secured: Api) -> None:
    assert rejected(secured, additional_headers=key_headers(secured, "stream"), origin="https://evil.example") == (
        403,
        "forbidden",
    )


def test_expiring_token_closes_the_connection(secured: Api) -> None:
    headers = bearer(token(time.time(), exp=time.time() + 1.5))
    with secured.websocket(additional_headers=headers) as websocket:
        assert closed(websocket) == 4401
    assert rejected(secured, additional_headers=headers) == (401, "unauthenticated")


def test_expiring_key_closes_the_connection(secured: Api) -> None:
    headers = key_headers(secured, "stream", expires_at=datetime.now(UTC) + timedelta(seconds=4))
    with secured.websocket(additional_headers=headers) as websocket:
        assert closed(websocket) == 4401


def test_revoked_key_closes_its_connections_and_no_others(secured: Api) -> None:
    text, key = make_key(secured.connection, "stream")
    until(lambda: secured.resources.access.keys.contains(key.id))
    ticket = secured.http.post("/api/v1/tickets", headers=bearer(text)).json()["ticket"]
    with (
        secured.websocket(additional_headers=bearer(text)) as first,
        secured.websocket(f"/ws/feed?ticket={ticket}") as second,
        secured.websocket(additional_headers=key_headers(secured, "stream")) as other,
    ):
        assert api_keys.revoke(secured.connection, key.id, at=datetime.now(UTC), actor="test")
        assert closed(first) == 4401
        assert closed(second) == 4401
        other.send(json.dumps({"op": "subscribe", "channel": "signals"}))
        assert receive(other)["type"] == "subscribed"


def test_without_redis_tickets_are_unavailable(serve: Serve) -> None:
    api = serve(security=REQUIRED, redis_url="redis://127.0.0.1:9/0")
    headers = key_headers(api, "stream")
    assert api.http.post("/api/v1/tickets", headers=headers).status_code == 503
    assert rejected(api, "/ws/feed?ticket=abc") == (503, "unavailable")


def test_event_stream_authenticates_accepts_a_ticket_and_ends_with_the_key(secured: Api) -> None:
    path = "/api/v1/stream/signals"
    assert secured.http.get(path).status_code == 401
    assert secured.http.get(path, headers=key_headers(secured, "read")).status_code == 403
    text, key = make_key(secured.connection, "stream")
    until(lambda: secured.resources.access.keys.contains(key.id))
    ticket = secured.http.post("/api/v1/tickets", headers=bearer(text)).json()["ticket"]
    with secured.http.stream("GET", f"{path}?symbol=BTCUSDT&ticket={ticket}", timeout=20) as response:
        assert response.status_code == 200
        assert api_keys.revoke(secured.connection, key.id, at=datetime.now(UTC), actor="test")
        lines = list(response.iter_lines())  # until the server closes it
    assert lines[0].startswith("retry:")
    assert secured.http.get(f"{path}?ticket={ticket}").status_code == 401
