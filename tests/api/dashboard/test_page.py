"""The dashboard in a real browser, before the API as it runs."""

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
from tests.api.dashboard.conftest import LIVE, seen, shown
from tests.opportunities import opportunity
from tests.store import paper
from tests.whale_trades import whale

HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
MARKETS = "#rows .name"
BANNER = "getComputedStyle(document.getElementById('simulated')).display"


def test_signals_appear_newest_first_with_their_reasons(api: Api, tab: Tab) -> None:
    api.publish([emitted(1), emitted(2)])
    api.wait_for_ring()
    seen(tab, api)
    tab.until(shown(2))
    assert tab.ask(f"{BANNER} === 'block'")
    assert tab.text("#toasts p") == []  # they were there before us
    told = emitted(3, probability=0.625, final_score=71.25, ranking=3, reason="The range broke.")
    api.publish([told])
    tab.until(shown(3))
    first = tab.text("#rows li:first-child summary > span")
    assert first[1:] == [
        *("sim:BTCUSDT simulated", "1h", "▼ short", "100.5", "102", "99", "62.5 %", "71.3 · #3", "5m ✗1h ✓"),
    ]
    assert tab.text(MARKETS) == ["sim:BTCUSDT", "binance:SOLUSDT", "sim:ETHUSDT"]
    assert tab.ask("document.querySelector('#rows time').title") == "2026-11-20 12:03:00 UTC"
    assert tab.until("document.querySelector('#toasts p')?.textContent") == "New: sim:BTCUSDT short, 1h"
    tab.ask("document.querySelector('#rows summary').focus()")
    for kind in ("keyDown", "keyUp"):
        tab.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    assert "The range broke." in tab.until("document.querySelector('#rows details[open] .story')?.innerText")


def test_a_flood_is_kept_to_what_is_shown(api: Api, tab: Tab) -> None:
    seen(tab, api)
    api.publish([emitted(number) for number in range(1, 1_301)])
    tab.until(f"document.querySelector('#rows li')?.dataset.id === '{emitted(1_300).id}'")
    assert tab.text("#count") == ["200 of 1000 shown"]
    assert tab.ask("document.querySelector('#rows li:last-child').dataset.id") == emitted(1_101).id
    assert 1 <= len(tab.text("#toasts p")) <= 3


def test_filters_choose_and_outlast_a_reload(api: Api, tab: Tab) -> None:
    signals = [emitted(number) for number in range(1, 25)]
    api.publish(signals)
    api.wait_for_ring()
    seen(tab, api)
    tab.until(shown(24))
    wanted = [
        f"{one.venue}:{one.symbol}"
        for one in reversed(signals)
        if one.direction == "long" and "ETH" in one.symbol and one.raw_confidence >= 0.3
    ]
    assert 0 < len(wanted) < 8
    fields = {"[value=long]": "one.checked = true", "[name=symbol]": "one.value = 'eth'"}
    fields["[name=min_confidence]"] = "one.value = 0.3"
    for selector, change in fields.items():
        tab.ask(
            f"(one => {{{change}; one.dispatchEvent(new Event('input', {{bubbles: true}}))}})"
            f"(document.querySelector('#filters {selector}'))"
        )
    assert tab.text(MARKETS) == wanted
    assert tab.ask("location.hash") == "#direction=long&symbol=ETH&min_confidence=0.3"
    tab.reload()
    tab.until(f"{LIVE} && {shown(len(wanted))}")
    assert tab.text(MARKETS) == wanted
    assert tab.text("#count") == [f"{len(wanted)} of 24 shown"]
    tab.ask("location.hash = 'symbol=none&mute=1'")
    assert tab.ask(f"{BANNER} === 'none'")
    assert tab.until("document.getElementById('empty').innerText").startswith("None of the signals")
    tab.ask("location.hash = 'mute=1&length=1&direction=up'")
    tab.until(shown(24))
    api.publish([emitted(25)])
    tab.until(shown(25))
    assert tab.text("#toasts p") == []


def test_hostile_words_are_words(api: Api, tab: Tab) -> None:
    seen(tab, api)
    api.publish([emitted(1, reason=HOSTILE, symbol=HOSTILE, signal_type=HOSTILE, events=[HOSTILE], regime=HOSTILE)])
    tab.until(shown(1))
    assert tab.text(MARKETS) == [f"sim:{HOSTILE}"]
    assert tab.text("#rows .story p") == [HOSTILE]
    assert tab.until("document.querySelector('#toasts p')?.textContent") == f"New: sim:{HOSTILE} long, 5m"
    assert tab.ask("document.querySelectorAll('img, #rows script').length") == 0
    assert tab.ask("document.title") == "signalengine"
    refused = "try { document.body.innerHTML = 'x'; 'done' } catch (problem) { problem.name }"
    assert tab.ask(refused) == "TypeError"  # should a script ever try, the policy stops it
    assert any("TrustedHTML" in text for text in tab.said)
    tab.said.clear()


def test_figures_come_with_what_they_are_made_of(serve: Callable[..., Api], tab: Tab) -> None:
    now = from_datetime(paper.BEGIN + timedelta(days=20))
    api = serve(now_ns=lambda: now, status_s=0.2)
    rows, ends = paper.graded(60)
    api.write(rows)
    with api.connection.transaction():
        outcomes.write(api.connection, ends)
        executions.write(api.connection, paper.trades(60))
        opportunities.write(api.connection, [opportunity(1), opportunity(2)])
        whales.write(api.connection, [whale(number) for number in range(4)])
    seen(tab, api)
    tab.until("document.querySelectorAll('#whales tbody tr').length")
    tab.until("document.getElementById('lag').textContent")
    tab.until("document.getElementById('figures').textContent.includes('MiB')")
    shown = zip(*(tab.text(f"#figures {part}") for part in ("span", "b", "small")), strict=True)
    figures = {name: (value, made) for name, value, made in shown}
    ended, traded = api.get("/performance/stats"), api.get("/api/v1/analytics/performance")["overall"]
    assert min(ended["entered"], traded["total_trades"]) > 10
    assert figures["Signals that ended"] == (str(ended["total_signals"]), "in 30 days")
    assert figures["Win rate"] == rate(ended, ended["entered"])
    assert figures["Win rate, paper"] == rate(traded, traded["total_trades"])
    assert figures["Average return"] == mean(ended, "avg_return_pct", "%", ended["entered"])
    assert figures["Average, paper"] == mean(traded, "mean_r", "R", traded["total_trades"])
    assert figures["Clients"] == ("1", "")
    assert re.fullmatch(r"\d+ %", figures["CPU"][0])
    assert re.fullmatch(r"[1-9]\d+ MiB", figures["Memory"][0])
    assert tab.text("#arbitrage td:nth-child(3)") == ["$3.21", "$2.21"]
    assert len(tab.text("#whales tbody tr")) == len(api.get("/api/v1/whales")["whales"])


def rate(found: dict[str, Any], n: int) -> tuple[str, str]:
    low, high = (100 * found["win_rate_interval"][bound] for bound in ("low", "high"))
    return f"{100 * found['win_rate']:.1f} %", f"{low:.1f} % to {high:.1f} %, n\u00a0=\u00a0{n}"


def mean(found: dict[str, Any], name: str, unit: str, n: int) -> tuple[str, str]:
    return f"{found[name]:+.2f} {unit}".replace("-", "−"), f"± {found[f'{name}_se']:.2f}, n\u00a0=\u00a0{n}"


def test_every_width_holds_the_page_in_light_and_dark(api: Api, tab: Tab, tmp_path: Path) -> None:
    with api.connection.transaction():
        opportunities.write(api.connection, [opportunity(1, title="A-long-" * 20), opportunity(2)])
        whales.write(api.connection, [whale(number) for number in range(4)])
    api.publish([emitted(number, **scored(number)) for number in range(1, 13)])
    api.wait_for_ring()
    seen(tab, api)
    tab.until(f"{shown(12)} && document.querySelectorAll('#whales tbody tr').length")
    tab.ask("document.querySelector('#rows details').open = true")
    for scheme, width in product(("light", "dark"), (360, 820, 1400)):
        tab.resize(width, 800)
        tab.prefer(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
        assert tab.ask("document.documentElement.scrollWidth") <= width
        ground = tab.ask("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
        assert (int(ground) > 128) == (scheme == "light")
        tab.picture(tmp_path / f"{scheme}-{width}.png")


def scored(number: int) -> dict[str, Any]:
    if number % 3 == 0:
        return {"symbol": "WILL-" + "IT-BE-SO-" * 6, "reason": "A longer word: " + "x" * 200}
    at = datetime(2026, 11, 20, 12, number, tzinfo=UTC)
    return {"probability": 0.5 + number / 40, "final_score": 40.0 + number, "ranking": number, "detected_at": at}
