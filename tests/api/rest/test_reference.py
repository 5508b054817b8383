"""The reference page shows everything in the OpenAPI and AsyncAPI documents, and loads nothing else."""

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from html.parser import HTMLParser

from api.rest.schema_html import schema_html
from tests.api.conftest import Api

NEVER_CLOSED = {"meta", "td", "th", "li"}


class Page(HTMLParser):
    """Collects tags, ids, links and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in NEVER_CLOSED:
            self.open.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name in ("href", "src") and value]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_shows_every_operation_and_loads_nothing(api: Api) -> None:
    response, document = api.http.get("/docs"), api.get("/openapi.json")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = Page()
    page.feed(response.text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    names = {one["operationId"] for item in document["paths"].values() for one in item.values()}
    assert names <= set(page.ids)
    live = api.get("/asyncapi.json")
    names = {*document["components"]["schemas"], *live["components"]["schemas"]}
    assert {f"record-{name}" for name in names} <= set(page.ids)
    assert {channel["address"] for channel in live["channels"].values()} <= set(page.texts)
    assert set(live["components"]["messages"]) <= set(page.texts)
    assert {link for link in page.links if not link.startswith("#")} == {"/openapi.json", "/asyncapi.json"}
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)
    assert "script" not in page.tags


def test_both_documents_agree_on_shared_schemas(api: Api) -> None:
    rest, live = (api.get(path)["components"]["schemas"] for path in ("/openapi.json", "/asyncapi.json"))
    assert [name for name in rest.keys() & live.keys() if rest[name] != live[name]] == []


def test_every_field_is_shown_with_its_type_and_description(api: Api) -> None:
    shown = "".join(api.http.get("/docs").text.split())
    for path in ("/openapi.json", "/asyncapi.json"):
        for schema in api.get(path)["components"]["schemas"].values():
            for value in schema.get("properties", {}).values():
                assert "".join(schema_html(value).split()) in shown
                plain = "".join(escape(value.get("description", "")).replace("`", "").split())
                assert plain in shown.replace("<code>", "").replace("</code>", "")
    assert "----------" not in shown


def test_policy_allows_the_inline_style_and_nothing_else(api: Api) -> None:
    response = api.http.get("/docs")
    (style,) = re.findall(r"<style>(.*?)</style>", response.text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = response.headers["content-security-policy"]
    assert policy == (f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'")
    assert "style=" not in response.text
