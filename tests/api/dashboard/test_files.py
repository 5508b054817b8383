"""What the dashboard is made of is served as what it is, may be kept, and lets nobody else's script run."""

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


def test_both_names_give_the_same_page_with_a_strict_policy(api: Api) -> None:
    page, older = api.http.get("/dashboard"), api.http.get("/dashboard_realtime.html")
    assert page.text == older.text
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers.get_list("content-security-policy") == [POLICY]
    assert older.headers.get_list("content-security-policy") == [POLICY]
    assert 'data-authentication="off" data-keepalive-s="60.0"' in page.text


def test_the_page_says_that_a_key_is_needed_and_nothing_else_that_needs_one(serve: Callable[..., Api]) -> None:
    secured, open_to_all = serve(security=REQUIRED), serve()
    asks = secured.http.get("/dashboard")
    assert asks.status_code == 200
    told = open_to_all.http.get("/dashboard").text
    assert asks.text == told.replace('data-authentication="off"', 'data-authentication="required"')


def test_every_file_is_served_with_its_type_and_a_tag(api: Api) -> None:
    kinds = {"page.css": "text/css", **dict.fromkeys(SCRIPTS, "text/javascript")}
    for name, kind in kinds.items():
        answer = api.http.get(f"/dashboard/{name}")
        assert answer.text == FILES.joinpath(name).read_text()
        assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
        assert answer.headers["cache-control"] == "private, no-cache"
        again = api.http.get(f"/dashboard/{name}", headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304


def test_nothing_else_is_served(api: Api) -> None:
    assert list(Script.__args__) == SCRIPTS
    for name in ("files.py", "page.html", "other.js"):
        assert api.http.get(f"/dashboard/{name}").status_code == 400
    for name in ("..%2Fapp.py", "page.js/", ""):
        assert api.http.get(f"/dashboard/{name}").status_code == 404


def test_whatever_the_page_names_is_there(api: Api) -> None:
    texts = [api.http.get("/dashboard").text, *(FILES.joinpath(name).read_text() for name in SCRIPTS)]
    named = {path for text in texts for path in re.findall(r'"(/[^"?]+)', text)}
    assert named > {f"/dashboard/{name}" for name in SCRIPTS}
    for path in named - {"/api/v1/tickets"}:
        assert api.http.get(path).status_code == 200, path


def test_scripts_never_make_markup_of_text() -> None:
    ways = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|eval\(|new Function")
    assert [name for name in SCRIPTS if ways.search(FILES.joinpath(name).read_text())] == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_well_formed(name: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = FILES.joinpath(name).read_bytes()
    told = subprocess.run([node, "--input-type=module", "--check"], input=script, capture_output=True, check=False)
    assert told.returncode == 0, told.stderr.decode()
