import re

from tests.api.conftest import Api

LABELS = re.compile(
    r'http_request_duration_seconds_count\{method="(\w+)",path="([^"]*)",status="(\d+)"\} ([0-9.]+)', re.ASCII
)


def test_every_response_has_an_id_and_the_security_headers(api: Api) -> None:
    for path in ("/signals", "/nope", "/signals?limit=x", "/metrics"):
        headers = api.http.get(path).headers
        assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


def test_a_request_id_of_the_caller_is_kept_if_it_is_safe_to_log(api: Api) -> None:
    def returned_id(request_id: str) -> str:
        return str(api.http.get("/livez", headers={"x-request-id": request_id}).headers["x-request-id"])

    assert returned_id("trace-1.a_B") == "trace-1.a_B"
    for unsafe in ("", "a b", "x" * 65, 'a"b', "a\tb"):
        assert re.fullmatch("[0-9a-f]{32}", returned_id(unsafe))


def test_requests_for_other_hosts_are_refused(api: Api) -> None:
    for host in (
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "",
        "8.8.8.8",
    ):
        response = api.http.get("/signals", headers={"host": host})
        assert (response.status_code, response.json()["code"]) == (421, "misdirected"), host
    for host in ("localhost", "localhost:80", "127.0.0.1", "[::1]:8000"):
        assert api.http.get("/signals", headers={"host": host}).status_code == 200, host


def test_an_allowed_host_is_served(serve) -> None:  # type: ignore[no-untyped-def]
    api = serve(allowed_hosts=("desk.example",))
    for host in ("desk.example:8443", "Desk.Example", "LOCALHOST"):
        assert api.http.get("/livez", headers={"host": host}).status_code == 200, host
    assert api.http.get("/livez", headers={"host": "other.example"}).status_code == 421


def test_requests_are_measured_by_route_and_never_by_raw_path(api: Api) -> None:
    api.get(f"/api/v1/signals/{'0' * 32}", 404)
    api.get("/api/v1/signals/market/anything")
    api.get("/no/such/place", 404)
    api.http.post("/signals")
    api.http.request("PURGE", "/signals")
    counts = {match.groups()[:3]: float(match[4]) for match in LABELS.finditer(api.http.get("/metrics").text)}
    assert counts == {
        ("GET", "/api/v1/signals/{id}", "404"): 1,
        ("GET", "/api/v1/signals/market/{slug:path}", "200"): 1,
        ("GET", "unmatched", "404"): 1,
        ("POST", "/signals", "405"): 1,
        ("other", "/signals", "405"): 1,
    }
