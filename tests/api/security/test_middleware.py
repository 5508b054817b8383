"""Authentication, scopes and limits as clients see them, over a real socket."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx2
import msgspec
import pytest

from api.operations import OPERATIONS
from domain.api_keys import SCOPES
from store import api_keys, audit_log
from tests.api.conftest import Api
from tests.api.security.keys import REQUIRED, WITH_SECRET, bearer, key_headers, token
from tests.until import until

Serve = Callable[..., Api]


@pytest.fixture
def secured(serve: Serve) -> Api:
    """An API that requires authentication."""
    api = serve(security=REQUIRED)
    until(lambda: api.resources.tail.connected)
    return api


def problem(response: httpx2.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, response.json()["code"]


def test_authentication_is_off_on_loopback(api: Api) -> None:
    response = api.http.get("/api/v1/signals")
    assert response.status_code == 200
    assert "ratelimit" not in response.headers
    assert "strict-transport-security" not in response.headers
    assert api.http.get("/api/v1/signals", headers=bearer("nonsense")).status_code == 200


def test_only_health_and_documents_need_no_authentication(secured: Api) -> None:
    for operation in OPERATIONS:
        path = operation.path.replace(":path}", "}").format(
            **dict.fromkeys(operation.path_names, "0" * 32) | {"script": "page.js"}
        )
        response = secured.http.request(operation.method.upper(), path)
        if operation.path in ("/livez", "/readyz") or operation.scope is None:
            assert response.status_code == 200, path
        else:
            assert problem(response) == (401, "unauthenticated"), path
            assert response.headers["www-authenticate"] == 'Bearer realm="signalengine"'
    open_paths = {operation.path for operation in OPERATIONS if operation.scope is None}
    assert {"/livez", "/readyz", "/openapi.json"} <= open_paths
    assert not any(path.startswith(("/api/v1/signals", "/performance")) for path in open_paths)


def test_each_operation_requires_its_scope(secured: Api) -> None:
    sufficient = {scope: key_headers(secured, scope) for scope in SCOPES}
    insufficient = {scope: key_headers(secured, *(set(SCOPES) - {scope, "admin"})) for scope in SCOPES}
    for operation in OPERATIONS:
        if (needed := operation.scope) is None:
            continue
        path = operation.path.replace(":path}", "}").format(**dict.fromkeys(operation.path_names, "0" * 32))
        response = secured.http.request(operation.method.upper(), path, headers=insufficient[needed])
        assert problem(response) == (403, "forbidden"), path
        expected = f'Bearer realm="signalengine", error="insufficient_scope", scope="{needed}"'
        assert response.headers["www-authenticate"] == expected
        for scope in (needed, "admin"):
            response = secured.http.request(operation.method.upper(), path, headers=sufficient[scope])
            assert response.status_code not in (401, 403, 429), path


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer nonsense"},
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer se_000000000000_" + "0" * 64},
        {"x-api-key": "se_000000000000_" + "0" * 64},
        {"authorization": "Bearer a.b.c"},
    ],
)
def test_invalid_credentials_are_rejected(secured: Api, headers: dict[str, str]) -> None:
    response = secured.http.get("/api/v1/signals", headers=headers)
    assert problem(response) == (401, "unauthenticated")
    assert response.headers["www-authenticate"] == 'Bearer realm="signalengine", error="invalid_token"'


def test_key_is_accepted_in_either_header_but_not_in_both(secured: Api) -> None:
    headers = key_headers(secured, "read")
    text = headers["authorization"].removeprefix("Bearer ")
    assert secured.http.get("/api/v1/signals", headers={"x-api-key": text}).status_code == 200
    both = secured.http.get("/api/v1/signals", headers={"x-api-key": text, **headers})
    assert problem(both) == (400, "invalid_parameter")


def test_expired_key_is_rejected(secured: Api) -> None:
    headers = key_headers(secured, "read", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert "expired" in secured.get("/api/v1/signals", 401, headers=headers)["detail"]


def test_revoked_key_is_rejected_within_seconds(secured: Api) -> None:
    headers = key_headers(secured, "read")
    key_id = headers["authorization"].split("_")[1]
    assert secured.http.get("/api/v1/signals", headers=headers).status_code == 200
    assert api_keys.revoke(secured.connection, key_id, at=datetime.now(UTC), actor="test")
    until(lambda: secured.http.get("/api/v1/signals", headers=headers).status_code == 401, within_s=5)


def test_tokens_are_accepted_beside_keys(serve: Serve) -> None:
    api = serve(security=WITH_SECRET)
    now_s = time.time()
    assert api.http.get("/api/v1/signals", headers=bearer(token(now_s))).status_code == 200
    assert api.http.get("/metrics", headers=bearer(token(now_s))).status_code == 403
    assert api.http.get("/api/v1/signals", headers=bearer(token(now_s, aud="other"))).status_code == 401
    assert api.http.get("/api/v1/signals", headers=key_headers(api, "read")).status_code == 200


def test_rate_limit_headers_count_down_to_429_with_retry_after(serve: Serve) -> None:
    api = serve(security=msgspec.structs.replace(REQUIRED, requests_per_s=2))
    first, second = key_headers(api, "read"), key_headers(api, "read")
    responses = [api.http.get("/api/v1/instruments", headers=first) for _ in range(6)]
    assert responses[0].headers["ratelimit-policy"] == '"default";q=4;w=2'
    assert responses[0].headers["ratelimit"] == '"default";r=3;t=0'
    limited = [response for response in responses if response.status_code == 429]
    assert limited
    assert problem(limited[0]) == (429, "rate_limited")
    assert limited[0].headers["retry-after"] == "1"
    assert limited[0].json()["retryable"]
    assert api.http.get("/api/v1/instruments", headers=second).status_code == 200, "another client"
    assert api.http.get("/livez").status_code == 200, "unauthenticated clients have a limit of their own"


def test_failed_attempts_are_limited_and_valid_keys_are_not(serve: Serve) -> None:
    api = serve(security=msgspec.structs.replace(REQUIRED, failures_per_minute=5))
    headers = key_headers(api, "read")
    statuses = [api.http.get("/livez", headers=bearer(f"guess{number}")).status_code for number in range(8)]
    assert statuses == [200] * 5 + [429] * 3
    assert api.http.get("/api/v1/instruments", headers=headers).status_code == 200
    metrics = api.http.get("/metrics", headers=key_headers(api, "metrics")).text
    assert 'auth_refused_total{reason="malformed"} 8.0' in metrics
    assert 'rate_limited_total{what="failures"} 3.0' in metrics


def test_missing_scopes_of_one_caller_do_not_fill_the_log(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    api = serve(security=msgspec.structs.replace(REQUIRED, failures_per_minute=2))
    headers = key_headers(api, "read")
    for _ in range(8):
        assert problem(api.http.get("/metrics", headers=headers)) == (403, "forbidden")
    assert sum("reason=scope" in record.getMessage() for record in caplog.records) == 2
    metrics = api.http.get("/metrics", headers=key_headers(api, "metrics")).text
    assert 'auth_refused_total{reason="scope"} 8.0' in metrics


def test_clients_behind_a_proxy_are_limited_separately(serve: Serve) -> None:
    api = serve(security=msgspec.structs.replace(REQUIRED, requests_per_s=1, proxies=1))
    for _ in range(2):
        for client in range(3):
            response = api.http.get("/livez", headers={"x-forwarded-for": f"6.6.6.6, 203.0.113.{client}"})
            assert response.status_code == 200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({f"x-{number}": "a" for number in range(101)}, (431, "headers_too_large")),
        ({"x-long": "a" * 17_000}, (431, "headers_too_large")),
    ],
)
def test_request_headers_are_bounded(api: Api, headers: dict[str, str], expected: tuple[int, str]) -> None:
    assert problem(api.http.get("/livez", headers=headers)) == expected


def test_request_bodies_are_bounded_before_authentication(secured: Api) -> None:
    for method, path in (("GET", "/livez"), ("POST", "/api/v1/tickets")):
        assert problem(secured.http.request(method, path, content=bytes(4097))) == (413, "too_large")


def test_audit_log_names_the_actor_and_omits_failed_commands(secured: Api) -> None:
    headers = key_headers(secured, "execute")
    content = {"opportunity_id": "0" * 32, "revision": 0}
    response = secured.http.post(
        "/api/v1/arbitrage/execute", json=content, headers={**headers, "Idempotency-Key": "key-1"}
    )
    assert response.status_code == 404, "nothing was executed"
    secured.resources.access.audit.record("execute", actor="key:1", target="x", address="::1", request_id="r")
    entries = until(lambda: [entry for entry in audit_log.read(secured.connection) if entry.action == "execute"])
    (entry,) = entries
    assert (entry.actor, entry.object, entry.address, entry.request_id) == ("key:1", "x", "::1", "r")


def test_openapi_document_lists_the_scope_of_each_operation(secured: Api, api: Api) -> None:
    document = secured.get("/openapi.json")
    assert set(document["components"]["securitySchemes"]) == {"bearer"}
    paths = document["paths"]
    assert paths["/api/v1/signals"]["get"]["security"] == [{"bearer": ["read"]}]
    assert paths["/api/v1/arbitrage/execute"]["post"]["security"][0] == {"bearer": ["execute"]}
    assert {"401", "403", "429"} <= paths["/api/v1/signals"]["get"]["responses"].keys()
    assert "security" not in paths["/livez"]["get"]
    assert "securitySchemes" not in api.get("/openapi.json")["components"]


def test_nothing_secret_is_logged(secured: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    headers = key_headers(secured, "read", "stream")
    secret = headers["authorization"].rpartition("_")[2]
    wrong = f"se_000000000000_{'5' * 64}"
    ticket = secured.http.post("/api/v1/tickets", headers=headers).json()["ticket"]
    with secured.websocket(f"/ws/feed?ticket={ticket}"):
        pass
    secured.http.get(f"/api/v1/signals?ticket={ticket}")
    secured.http.get("/api/v1/signals", headers=headers)
    secured.http.get("/metrics", headers=headers)
    secured.http.get("/api/v1/signals", headers=bearer(wrong))
    secured.http.get(f"/api/v1/signals?token={secret}")
    server_records = [record for record in caplog.records if not record.name.startswith("httpx2")]  # of the client
    output = (
        "\n".join(map(logging.Formatter().format, server_records))
        + secured.http.get("/metrics", headers=key_headers(secured, "metrics")).text
    )
    assert "refused reason=unknown_key" in output
    assert "refused reason=scope" in output
    for text in (secret, ticket, "5" * 64):
        assert text not in output
        assert text not in repr(audit_log.read(secured.connection))


def test_without_postgres_no_key_is_accepted(serve: Serve) -> None:
    api = serve(security=REQUIRED, database="postgresql://127.0.0.1:9/none")
    response = api.http.get("/api/v1/signals", headers=bearer("se_000000000000_" + "0" * 64))
    assert problem(response) == (503, "unavailable")
    assert problem(api.http.get("/api/v1/signals"))[0] == 401
    assert api.http.get("/livez").status_code == 200
