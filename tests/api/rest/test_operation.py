from collections.abc import Callable

from domain.clock import SECOND
from tests.api.builders import emitted
from tests.api.conftest import Api


def test_an_unchanged_body_gets_304(api: Api) -> None:
    api.write([emitted(1)])
    first = api.http.get("/signals")
    etag = first.headers["etag"]
    for value in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = api.http.get("/signals", headers={"if-none-match": value})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    several = [("if-none-match", '"other"'), ("if-none-match", etag)]
    assert api.http.get("/signals", headers=several).status_code == 304
    api.write([emitted(2)])
    changed = api.http.get("/signals", headers={"if-none-match": etag})
    assert changed.status_code == 200
    assert len(changed.json()["signals"]) == 2
    assert changed.headers["etag"] != etag


def test_an_etag_of_another_body_does_not_match(api: Api) -> None:
    etag = api.http.get("/signals").headers["etag"]
    for other in ("", '"other"', "other", '"', '"a, *, b"', f'"a,{etag[1:-1]},b"'):
        assert api.http.get("/signals", headers={"if-none-match": other}).status_code == 200


def test_a_304_has_the_link_header(serve: Callable[..., Api]) -> None:
    api = serve(now_ns=lambda: 1_800_000_000 * SECOND)
    api.write([emitted(number) for number in range(3)])
    first = api.http.get("/api/v1/signals?limit=2")
    again = api.http.get("/api/v1/signals?limit=2", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.headers["link"]) == (304, first.headers["link"])


def test_a_no_store_response_has_no_etag(api: Api) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        response = api.http.get(path, headers={"if-none-match": "*"})
        assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
        assert "etag" not in response.headers


def test_operations_without_parameters_refuse_any(api: Api) -> None:
    for path in ("/livez", "/readyz", "/metrics", "/openapi.json"):
        assert api.get(f"{path}?x=1", 400)["errors"] == [
            {"name": "x", "detail": "unknown parameter; valid parameters: none"}
        ]
