"""The dashboard in a real browser, against a running API."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

from domain.clock import from_datetime
from store import executions, opportunities, outcomes, whales
from tests.api.builders import emitted
from tests.api.conftest import Api
from tests.api.dashboard.browser import Tab
from tests.api.dashboard.conftest import LIVE, open_dashboard, row_count_is
from tests.opportunities import opportunity
from tests.store import paper
from tests.whale_trades import whale

HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
SYMBOLS = "#rows .name b"
ROW_IDS = "[...document.querySelectorAll('#rows li')].map(row => row.dataset.id)"
BANNER = "getComputedStyle(document.getElementById('simulated')).display"


def test_signals_appear_newest_first_with_their_reasons(api: Api, tab: Tab) -> None:
    api.publish([emitted(1), emitted(2)])
    api.wait_for_ring()
    open_dashboard(tab, api)
    tab.until(row_count_is(2))
    assert tab.evaluate(f"{BANNER} === 'block'")
    assert tab.text("#notifications p") == []  # the snapshot is not news
    newest = emitted(3, probability=0.625, final_score=71.25, ranking=3, reason="The range broke.")
    api.publish([newest])
    tab.until(row_count_is(3))
    first = tab.text("#rows li:first-child summary > span")
    assert first[1:] == [
        *("BTCUSDT sim simulated", "1h", "▼ Short", "100.50", "102.00", "99.00", "62.5%", "71.3 #3", "5m ✗1h ✓"),
    ]
    assert tab.text(SYMBOLS) == ["BTCUSDT", "SOLUSDT", "ETHUSDT"]
    assert tab.evaluate("document.querySelector('#rows time').title") == "2026-11-20 12:03:00 UTC"
    assert tab.until("document.querySelector('#notifications p')?.textContent") == "New signal: BTCUSDT short, 1h, sim"
    tab.evaluate("document.querySelector('#rows summary').focus()")
    for kind in ("keyDown", "keyUp"):
        tab.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    assert "The range broke." in tab.until("document.querySelector('#rows details[open] .details')?.innerText")


def test_a_flood_of_signals_is_bounded(api: Api, tab: Tab) -> None:
    open_dashboard(tab, api)
    api.publish([emitted(number) for number in range(1, 1_301)])
    tab.until(f"document.querySelector('#rows li')?.dataset.id === '{emitted(1_300).id}'")
    assert tab.text("#count") == ["Showing 200 of 1,000"]
    assert tab.evaluate("document.querySelector('#rows li:last-child').dataset.id") == emitted(1_101).id
    assert 1 <= len(tab.text("#notifications p")) <= 3


def test_filters_apply_and_survive_a_reload(api: Api, tab: Tab) -> None:
    signals = [emitted(number) for number in range(1, 25)]
    api.publish(signals)
    api.wait_for_ring()
    open_dashboard(tab, api)
    tab.until(row_count_is(24))
    expected = [
        signal.id
        for signal in reversed(signals)
        if signal.direction == "long" and "ETH" in signal.symbol and signal.raw_confidence >= 0.3
    ]
    assert 0 < len(expected) < 8
    changes = {
        "[value=long]": "field.checked = true",
        "[name=symbol]": "field.value = 'eth'",
        "[name=min_confidence]": "field.value = 0.3",
    }
    for selector, change in changes.items():
        tab.evaluate(
            f"(field => {{{change}; field.dispatchEvent(new Event('input', {{bubbles: true}}))}})"
            f"(document.querySelector('#filters {selector}'))"
        )
    assert tab.evaluate(ROW_IDS) == expected
    assert tab.evaluate("location.hash") == "#direction=long&symbol=ETH&min_confidence=0.3"
    tab.reload()
    tab.until(f"{LIVE} && {row_count_is(len(expected))}")
    assert tab.evaluate(ROW_IDS) == expected
    assert tab.text("#count") == [f"Showing {len(expected)} of 24"]
    tab.evaluate("location.hash = 'symbol=none&mute=1'")
    assert tab.evaluate(f"{BANNER} === 'none'")
    assert tab.evaluate(ROW_IDS) == []
    shown = "['empty', 'no-match'].map(id => document.getElementById(id).checkVisibility())"
    assert tab.evaluate(shown) == [False, True]
    tab.evaluate("document.getElementById('reset').click()")
    tab.until(row_count_is(24))
    assert tab.evaluate("location.hash") == "#mute=1"
    tab.evaluate("location.hash = 'mute=1&length=1&direction=up'")
    tab.until(row_count_is(24))
    api.publish([emitted(25)])
    tab.until(row_count_is(25))
    assert tab.text("#notifications p") == []


def test_markup_in_signals_is_shown_as_text(api: Api, tab: Tab) -> None:
    open_dashboard(tab, api)
    api.publish([emitted(1, reason=HOSTILE, symbol=HOSTILE, signal_type=HOSTILE, events=[HOSTILE], regime=HOSTILE)])
    tab.until(row_count_is(1))
    assert tab.text(SYMBOLS) == [HOSTILE]
    assert tab.text("#rows .details p") == [HOSTILE]
    assert (
        tab.until("document.querySelector('#notifications p')?.textContent") == f"New signal: {HOSTILE} long, 5m, sim"
    )
    assert tab.evaluate("document.querySelectorAll('img, #rows script').length") == 0
    assert tab.evaluate("document.title") == "signalengine"
    attempt = "try { document.body.innerHTML = 'x'; 'done' } catch (problem) { problem.name }"
    assert tab.evaluate(attempt) == "TypeError"  # trusted types are enforced
    assert any("TrustedHTML" in text for text in tab.console)
    tab.console.clear()


def test_statistics_show_their_sample_size_and_uncertainty(serve: Callable[..., Api], tab: Tab) -> None:
    now = from_datetime(paper.BEGIN + timedelta(days=20))
    api = serve(now_ns=lambda: now, status_s=0.2)
    rows, ends = paper.graded(60)
    api.write(rows)
    with api.connection.transaction():
        outcomes.write(api.connection, ends)
        executions.write(api.connection, paper.trades(60))
        opportunities.write(api.connection, [opportunity(1), opportunity(2)])
        whales.write(api.connection, [whale(number) for number in range(4)])
    open_dashboard(tab, api)
    tab.until("document.querySelectorAll('#whales tbody tr').length")
    tab.until("document.getElementById('lag').textContent")
    tab.until("document.getElementById('memory').textContent.includes('MiB')")
    parts = zip(*(tab.text(f"#statistics {part}") for part in ("span", "b", "small")), strict=True)
    cards = {name: (value, note) for name, value, note in parts}
    closed, traded = api.get("/performance/stats"), api.get("/api/v1/analytics/performance")["overall"]
    assert min(closed["entered"], traded["total_trades"]) > 10
    assert cards["Signals closed"] == (str(closed["total_signals"]), "last 30 days")
    assert cards["Win rate"] == rate(closed, closed["entered"])
    assert cards["Paper win rate"] == rate(traded, traded["total_trades"])
    assert cards["Average return"] == mean(closed, "avg_return_pct", "%", closed["entered"])
    assert cards["Paper average"] == mean(traded, "mean_r", " R", traded["total_trades"])
    cpu, memory, clients = tab.text("footer b")
    assert re.fullmatch(r"\d+%", cpu)
    assert re.fullmatch(r"[1-9]\d+ MiB", memory)
    assert clients == "1"
    assert tab.text("#arbitrage td:nth-child(2)") == ["$3.21", "$2.21"]
    assert len(tab.text("#whales tbody tr")) == len(api.get("/api/v1/whales")["whales"])


def rate(statistics: dict[str, Any], n: int) -> tuple[str, str]:
    low, high = (100 * statistics["win_rate_interval"][bound] for bound in ("low", "high"))
    return f"{100 * statistics['win_rate']:.1f}%", f"{low:.1f}–{high:.1f}%, n\u00a0=\u00a0{n}"


def mean(statistics: dict[str, Any], name: str, unit: str, n: int) -> tuple[str, str]:
    value = f"{statistics[name]:+.2f}{unit}".replace("-", "−")
    return value, f"± {statistics[f'{name}_se']:.2f}, n\u00a0=\u00a0{n}"


def test_page_fits_every_width_in_light_and_dark(api: Api, tab: Tab, tmp_path: Path) -> None:
    with api.connection.transaction():
        opportunities.write(api.connection, [opportunity(1, title="A-long-" * 20), opportunity(2)])
        whales.write(api.connection, [whale(number) for number in range(4)])
    api.publish([emitted(number, **scored(number)) for number in range(1, 13)])
    api.wait_for_ring()
    open_dashboard(tab, api)
    tab.until(f"{row_count_is(12)} && document.querySelectorAll('#whales tbody tr').length")
    tab.evaluate("document.querySelector('#rows details').open = true")
    for scheme, width in product(("light", "dark"), (360, 820, 1400)):
        tab.resize(width, 800)
        tab.emulate_media(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        background = tab.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
        assert (int(background) > 128) == (scheme == "light")
        tab.screenshot(tmp_path / f"{scheme}-{width}.png")


def scored(number: int) -> dict[str, Any]:
    if number % 3 == 0:
        return {"symbol": "WILL-" + "IT-BE-SO-" * 6, "reason": "A longer word: " + "x" * 200}
    at = datetime(2026, 11, 20, 12, number, tzinfo=UTC)
    return {"probability": 0.5 + number / 40, "final_score": 40.0 + number, "ranking": number, "detected_at": at}
