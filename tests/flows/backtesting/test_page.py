"""The page is one well-formed, self-contained file, and escapes every name."""

from html.parser import HTMLParser

import pytest

from flows.backtesting import charts, formatting, page, text
from flows.backtesting.report import EquityPoint
from tests.flows.backtesting.markets import NOW
from tests.flows.backtesting.runs import judged

EVIL = 'test:</td><script src="https://evil.example/x.js">alert(1)</script>\x1b[31m'
VOID = {"meta", "link", "br", "img", "hr", "input"}
DRAWN = {"rect", "line", "path", "circle"}


class Reader(HTMLParser):
    """Checks that tags are balanced; collects attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.parts: list[str] = []

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
            self.text += data
            self.parts.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture
def report(tmp_path):
    return judged([1.0, -1.0] * 30, [0.01, -0.004] * 30, tmp_path / "trials.jsonl", name=EVIL, title=EVIL)


def test_page_is_self_contained_and_starts_with_the_verdict(report):
    rendered = page.page(report)
    reader = read(rendered)
    assert {"script", "link", "img", "iframe", "object", "form", "a"}.isdisjoint(reader.tags)
    assert {"src", "href", "srcset", "action"}.isdisjoint(name for name, _ in reader.attributes)
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    for fetched in ("url(", "@import", "http:", "xlink"):
        assert fetched not in rendered
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in reader.attributes
    assert "prefers-color-scheme: dark" in rendered
    assert "@media print" in rendered
    body = rendered[rendered.index("<body>") :]
    assert body.index(report.card.verdict.verdict) < 100
    for reason in report.card.verdict.reasons:
        assert reason in reader.text
    assert reader.tags.count("svg") == 2


def test_names_are_escaped(report):
    reader = read(page.page(report))
    assert "alert(1)" in reader.text
    assert "\x1b" not in text.text(report)


def test_charts_state_their_sample_size(report):
    reader = read(page.page(report))
    labels = [value for name, value in reader.attributes if name == "aria-label"]
    account = charts.account(report)
    assert account.startswith("Equity at each midnight, n = 60 days, from 10,000 to ")
    assert account.endswith("; deepest fall from the highest mark −0.4 % on 2023-12-05"), account
    assert {account, "Stated probability against the share that won, n = 60"} < set(labels)
    assert account in reader.text
    assert {"equity", "fall", "stated probability", "share that won"} <= set(reader.parts)


def test_page_is_accessible_without_sight_and_mouse(report):
    reader = read(page.page(report))
    assert reader.tags.count("h1") == reader.tags.count("main") == 1
    assert ("lang", "en") in reader.attributes
    scopes = [value for name, value in reader.attributes if name == "scope"]
    assert reader.tags.count("th") == len(scopes)
    assert set(scopes) == {"row", "col"}
    wide = [value for name, value in reader.attributes if name == "tabindex"]
    assert wide == ["0"] * sum(value == "region" for name, value in reader.attributes if name == "role")
    assert [value for name, value in reader.attributes if name == "role"].count("img") == 2


def test_bins_are_listed_next_to_their_diagram(report):
    html = read(page.page(report)).text
    for each in report.card.calibration.bins:
        assert "".join(formatting.bin_cells(each)) in html


def test_few_results_are_marked_as_few(tmp_path):
    report = judged([1.0, -1.0] * 25, [0.01, -0.004] * 30, tmp_path / "trials.jsonl")
    assert [row.figures.n for row in report.tables[0].rows] == [25, 25]
    assert [formatting.figure_cells(row.figures)[1] for row in report.tables[0].rows] == ["25.0 †"] * 2
    assert formatting.figure_cells(report.card.results)[1] == "50.0"
    for shown in (text.text(report), read(page.page(report)).text):
        assert formatting.FEW in shown


def test_long_curves_keep_their_largest_drawdown():
    marks = [EquityPoint(NOW, 1.0, -0.9 if at == 7_777 else -0.1) for at in range(10_000)]
    kept = charts.thinned(marks)
    assert len(kept) <= charts.POINTS + 2
    assert min(mark.drawdown for mark in kept) == -0.9
    assert kept[-1] is marks[-1]


def test_text_starts_with_the_verdict_and_agrees_with_the_page(report):
    rendered = text.text(report)
    assert rendered.startswith(f"{report.card.verdict.verdict}: ")
    html = read(page.page(report)).text
    for table in report.tables:
        assert f"{table.title} ({table.of})" in rendered
        assert table.title in html
