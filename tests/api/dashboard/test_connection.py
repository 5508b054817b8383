"""The dashboard through restarts, silence, losses and refusals, in a real browser before the API as it runs."""

from collections.abc import Callable
from random import Random

from store import feed
from tests.api.builders import emitted
from tests.api.conftest import Api
from tests.api.dashboard.browser import Tab
from tests.api.dashboard.conftest import LIVE, seen, shown
from tests.api.security.keys import REQUIRED, make_key
from tests.until import until


def test_after_a_restart_it_goes_on_without_loss(serve: Callable[..., Api], tab: Tab) -> None:
    api = serve()
    seen(tab, api)
    api.publish([emitted(number) for number in range(1, 4)])
    tab.until(shown(3))
    api.stop()
    tab.until("document.getElementById('pill').dataset.state === 'reconnecting'")
    after = serve(port=int(api.address.rpartition(":")[2]))
    after.seq = api.seq
    after.publish([emitted(number) for number in range(4, 9)])
    tab.until(shown(8))
    assert tab.until(f"{LIVE} && document.getElementById('state').textContent") == "live, resumed, 0 lost"
    ids = tab.ask("[...document.querySelectorAll('#rows li')].map(one => one.dataset.id)")
    assert ids == [emitted(number).id for number in range(8, 0, -1)]
    assert tab.ask("document.getElementById('gaps').hidden")
    assert all("WebSocket connection" in text or "ERR_CONNECTION" in text for text in tab.said)
    tab.said.clear()


def test_a_server_that_sends_it_away_is_left_and_found_again(api: Api, tab: Tab) -> None:
    seen(tab, api)
    api.publish([emitted(1)])
    tab.until(shown(1))
    api.server.servers[0].get_loop().call_soon_threadsafe(api.resources.hub.announce_shutdown, Random(56))  # 594 ms
    tab.until("document.getElementById('pill').dataset.state === 'reconnecting'")
    api.publish([emitted(2)])
    assert tab.until(f"{LIVE} && {shown(2)} && document.getElementById('state').textContent") == "live, resumed, 0 lost"


def test_what_was_lost_is_told(api: Api, tab: Tab) -> None:
    seen(tab, api)
    api.publish([emitted(1)])
    tab.until(shown(1))
    api.server.servers[0].get_loop().call_soon_threadsafe(api.resources.hub.publish_gap, "signals", 2, 6)
    tab.until("!document.getElementById('gaps').hidden")
    api.seq = 6
    api.publish([emitted(7)])
    tab.until(shown(2))
    (told,) = tab.text("#gaps")
    assert told.startswith(
        "Gap 1: at most 5 missed (lost upstream). See /api/v1/signals?limit=1000&since=2026-11-20T11"
    )
    assert "1 gap" in tab.text("#figures small")
    feed.renew_epoch(api.redis)
    api.redis.delete(feed.key("signals"))
    tab.until("document.getElementById('gaps').textContent.startsWith('Gap 2: an unknown number')")
    api.seq = 0
    api.publish([emitted(8)])
    tab.until(shown(3))


def test_a_server_that_falls_silent_is_left_for_one_that_speaks(serve: Callable[..., Api], tab: Tab) -> None:
    api = serve(keepalive_s=0.25)
    seen(tab, api)
    tab.until("document.getElementById('lag').textContent.endsWith(' ms')")
    pulse = api.resources.tasks[-1]
    pulse.get_loop().call_soon_threadsafe(pulse.cancel)
    stale = "document.getElementById('state').textContent === 'stale, nothing is heard'"
    tab.until(stale)
    api.publish([emitted(1)])
    tab.until(f"{LIVE} && {shown(1)}")
    tab.until(stale)
    tab.until("document.getElementById('pill').dataset.state === 'reconnecting'")
    assert tab.until(f"{LIVE} && document.getElementById('state').textContent") == "live, resumed, 0 lost"


def test_where_a_key_is_needed_it_asks_for_one_and_works_with_it(serve: Callable[..., Api], tab: Tab) -> None:
    api = serve(security=REQUIRED)
    text, key = make_key(api.connection, "read", "stream")
    until(lambda: api.resources.tail.connected and api.resources.access.keys.contains(key.id))
    tab.open(f"http://{api.address}/dashboard")
    tab.until("document.readyState === 'complete' && !document.getElementById('entrance').hidden")
    assert tab.text("#state") == ["signed out"]

    def enter(key: str) -> None:
        tab.ask(f"document.getElementById('key').value = {key!r}; document.querySelector('#entrance button').click()")

    enter("se_nonsense")
    assert tab.until("document.getElementById('refusal').textContent")
    tab.until("!document.getElementById('entrance').hidden")
    assert tab.said
    assert all("401" in words for words in tab.said)
    tab.said.clear()
    enter(text)
    tab.until(LIVE)
    assert tab.ask("document.getElementById('entrance').hidden")
    api.publish([emitted(1)])
    tab.until(shown(1))
    tab.until("document.getElementById('figures').textContent.includes('Win rate')")
    assert tab.ask("JSON.stringify([Object.keys(localStorage), Object.keys(sessionStorage)])") == "[[],[]]"
    assert text not in tab.ask("location.href + document.documentElement.outerHTML")
    tab.reload()
    tab.until("!document.getElementById('entrance').hidden")
    tab.ask("document.getElementById('keep').checked = true")
    enter(text)
    tab.until(LIVE)
    tab.reload()
    tab.until(f"{LIVE} && {shown(1)}")
