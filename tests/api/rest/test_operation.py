from collections.abc import Callable

from domain.clock import SECOND
from tests.api.builders import emitted
from tests.api.conftest import Api


def test_an_unchanged_body_is_not_sent_again(api: Api) -> None:
    api.write([emitted(1)])
    first = api.http.get("/signals")
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = api.http.get("/signals", headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    several = [("if-none-match", '"other"'), ("if-none-match", tag)]
    assert api.http.get("/signals", headers=several).status_code == 304
    api.write([emitted(2)])
    changed = api.http.get("/signals", headers={"if-none-match": tag})
    assert changed.status_code == 200
    assert len(changed.json()["signals"]) == 2
    assert changed.headers["etag"] != tag


def test_a_tag_of_another_body_is_not_known(api: Api) -> None:
    tag = api.http.get("/signals").headers["etag"]
    for other in ("", '"other"', "other", '"', '"a, *, b"', f'"a,{tag[1:-1]},b"'):
        assert api.http.get("/signals", headers={"if-none-match": other}).status_code == 200


def test_the_link_stays_on_a_304(serve: Callable[..., Api]) -> None:
    api = serve(now_ns=lambda: 1_800_000_000 * SECOND)
    api.write([emitted(number) for number in range(3)])
    first = api.http.get("/api/v1/signals?limit=2")
    again = api.http.get("/api/v1/signals?limit=2", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.headers["link"]) == (304, first.headers["link"])


def test_what_is_live_has_no_tag(api: Api) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        response = api.http.get(path, headers={"if-none-match": "*"})
        assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
        assert "etag" not in response.headers


def test_operations_without_parameters_take_none(api: Api) -> None:
    for path in ("/livez", "/readyz", "/metrics", "/openapi.json"):
        assert api.get(f"{path}?x=1", 400)["errors"] == [{"name": "x", "detail": "unknown parameter; known: none"}]
