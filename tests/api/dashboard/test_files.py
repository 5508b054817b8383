"""The dashboard's files: served with their types and a strict content security policy, and nothing else is served."""

import re
import shutil
import subprocess
from collections.abc import Callable
from importlib.resources import files

import pytest

from api.dashboard.files import Script
from tests.api.conftest import Api
from tests.api.security.keys import REQUIRED

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
FILES = files("api.dashboard")
SCRIPTS = sorted(file.name for file in FILES.iterdir() if file.name.endswith(".js"))


def test_both_paths_serve_the_same_page_with_a_strict_policy(api: Api) -> None:
    page, former = api.http.get("/dashboard"), api.http.get("/dashboard_realtime.html")
    assert page.text == former.text
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers.get_list("content-security-policy") == [POLICY]
    assert former.headers.get_list("content-security-policy") == [POLICY]
    assert 'data-authentication="off" data-keepalive-s="60.0"' in page.text


def test_page_is_public_and_tells_only_whether_a_key_is_required(serve: Callable[..., Api]) -> None:
    secured, unsecured = serve(security=REQUIRED), serve()
    page = secured.http.get("/dashboard")
    assert page.status_code == 200
    expected = unsecured.http.get("/dashboard").text
    assert page.text == expected.replace('data-authentication="off"', 'data-authentication="required"')


def test_every_file_is_served_with_its_type_and_an_etag(api: Api) -> None:
    types = {"page.css": "text/css", **dict.fromkeys(SCRIPTS, "text/javascript")}
    for name, media_type in types.items():
        response = api.http.get(f"/dashboard/{name}")
        assert response.text == FILES.joinpath(name).read_text()
        assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
        assert response.headers["cache-control"] == "private, no-cache"
        again = api.http.get(f"/dashboard/{name}", headers={"if-none-match": response.headers["etag"]})
        assert again.status_code == 304


def test_no_other_file_is_served(api: Api) -> None:
    assert list(Script.__args__) == SCRIPTS
    for name in ("files.py", "page.html", "other.js"):
        assert api.http.get(f"/dashboard/{name}").status_code == 400
    for name in ("..%2Fapp.py", "page.js/", ""):
        assert api.http.get(f"/dashboard/{name}").status_code == 404


def test_every_path_that_the_page_refers_to_exists(api: Api) -> None:
    texts = [api.http.get("/dashboard").text, *(FILES.joinpath(name).read_text() for name in SCRIPTS)]
    paths = {path for text in texts for path in re.findall(r'["`](/\w[^"`?]*)', text)}
    assert paths > {f"/dashboard/{name}" for name in SCRIPTS} | {"/api/v1/arbitrage/scan", "/performance/stats"}
    for path in paths - {"/api/v1/tickets"}:
        assert api.http.get(path).status_code == 200, path


def test_every_element_that_the_scripts_refer_to_exists() -> None:
    page = FILES.joinpath("page.html").read_text()
    ids = set(re.findall(r'id="([\w-]+)"', page))
    pattern = re.compile(r'(?:byId|getElementById)\("([\w-]+)"\)')
    referenced = {name for script in SCRIPTS for name in pattern.findall(FILES.joinpath(script).read_text())}
    assert {"rows", "filters", "notifications"} <= referenced <= ids


def test_scripts_never_parse_text_as_markup_or_code() -> None:
    sinks = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|eval\(|new Function")
    assert [name for name in SCRIPTS if sinks.search(FILES.joinpath(name).read_text())] == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_well_formed(name: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = FILES.joinpath(name).read_bytes()
    check = subprocess.run([node, "--input-type=module", "--check"], input=script, capture_output=True, check=False)
    assert check.returncode == 0, check.stderr.decode()
