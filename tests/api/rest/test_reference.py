"""The page for people says all that the document says, and brings all it needs."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

from tests.api.conftest import Api

LEFT_OPEN = {"meta", "td", "th", "li"}


class Page(HTMLParser):
    """Looks at tags, ids and links."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in LEFT_OPEN:
            self.open.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name in ("href", "src") and value]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_shows_every_operation_and_fetches_nothing(api: Api) -> None:
    response, document = api.http.get("/docs"), api.get("/openapi.json")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = Page()
    page.feed(response.text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    names = {one["operationId"] for item in document["paths"].values() for one in item.values()}
    assert names <= set(page.ids)
    assert {f"record-{name}" for name in document["components"]["schemas"]} <= set(page.ids)
    assert {link for link in page.links if not link.startswith("#")} == {"/openapi.json"}
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)
    assert "script" not in page.tags


def test_its_policy_allows_its_own_style_and_nothing_else(api: Api) -> None:
    response = api.http.get("/docs")
    (style,) = re.findall(r"<style>(.*?)</style>", response.text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = response.headers["content-security-policy"]
    assert policy == (f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'")
    assert "style=" not in response.text
