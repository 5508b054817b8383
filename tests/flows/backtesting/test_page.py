"""The page is one well-formed file that needs nothing else, and believes no name."""

from html.parser import HTMLParser

import pytest

from flows.backtesting import charts, page, text
from flows.backtesting.report import Mark
from tests.flows.backtesting.markets import NOW
from tests.flows.backtesting.runs import judged

EVIL = 'test:</td><script src="https://evil.example/x.js">alert(1)</script>\x1b[31m'
VOID = {"meta", "link", "br", "img", "hr", "input"}
DRAWN = {"rect", "line", "path", "circle"}


class Reader(HTMLParser):
    """Follows tags as they open and close; keeps attributes and words."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in DRAWN
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words += data


def read(words: str) -> Reader:
    reader = Reader()
    reader.feed(words)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture
def report(tmp_path):
    return judged([1.0, -1.0] * 30, [0.01, -0.004] * 30, tmp_path / "trials.jsonl", name=EVIL, title=EVIL)


def test_page_stands_alone_and_opens_with_the_verdict(report):
    told = page.page(report)
    reader = read(told)
    assert {"script", "link", "img", "iframe", "object", "form", "a"}.isdisjoint(reader.tags)
    assert {"src", "href", "srcset", "action"}.isdisjoint(name for name, _ in reader.attributes)
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    for fetched in ("url(", "@import", "http:", "xlink"):
        assert fetched not in told
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in reader.attributes
    assert "prefers-color-scheme: dark" in told
    assert "@media print" in told
    body = told[told.index("<body>") :]
    assert body.index(report.card.verdict.verdict) < 100
    for reason in report.card.verdict.reasons:
        assert reason in reader.words
    assert reader.tags.count("svg") == 2


def test_names_stay_words(report):
    reader = read(page.page(report))
    assert "alert(1)" in reader.words
    assert "\x1b" not in text.text(report)


def test_charts_say_how_many_they_show(report):
    reader = read(page.page(report))
    labels = [value for name, value in reader.attributes if name == "aria-label"]
    assert labels == [
        "Equity at each midnight, 60 days, and its fall from the highest mark",
        "Stated probability against the share that won, n = 60",
    ]


def test_long_curves_keep_their_deepest_fall():
    marks = [Mark(NOW, 1.0, -0.9 if at == 7_777 else -0.1) for at in range(10_000)]
    kept = charts.thinned(marks)
    assert len(kept) <= charts.POINTS + 2
    assert min(mark.drawdown for mark in kept) == -0.9
    assert kept[-1] is marks[-1]


def test_text_opens_with_the_verdict_and_fits_what_the_page_says(report):
    told = text.text(report)
    assert told.startswith(f"{report.card.verdict.verdict}: ")
    words = read(page.page(report)).words
    for table in report.tables:
        assert f"{table.title} ({table.of})" in told
        assert table.title in words
