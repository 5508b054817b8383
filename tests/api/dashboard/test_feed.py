"""The dashboard's feed across restarts, silence, gaps and sign-in, in a real browser against a running API."""

from collections.abc import Callable
from random import Random

from store import feed
from tests.api.builders import emitted
from tests.api.conftest import Api
from tests.api.dashboard.browser import Tab
from tests.api.dashboard.conftest import LIVE, open_dashboard, row_count_is, state_is
from tests.api.security.keys import REQUIRED, make_key
from tests.until import until

STATE = "document.getElementById('state').textContent"
RESUMED = "Live · resumed, nothing missed"


def test_restart_loses_nothing(serve: Callable[..., Api], tab: Tab) -> None:
    api = serve()
    open_dashboard(tab, api)
    api.publish([emitted(number) for number in range(1, 4)])
    tab.until(row_count_is(3))
    api.stop()
    tab.until(state_is("reconnecting"))
    restarted = serve(port=int(api.address.rpartition(":")[2]))
    restarted.seq = api.seq
    restarted.publish([emitted(number) for number in range(4, 9)])
    tab.until(row_count_is(8))
    assert tab.until(f"{LIVE} && {STATE}") == RESUMED
    ids = tab.evaluate("[...document.querySelectorAll('#rows li')].map(row => row.dataset.id)")
    assert ids == [emitted(number).id for number in range(8, 0, -1)]
    assert tab.evaluate("document.getElementById('gaps').hidden")
    assert all("WebSocket connection" in text or "ERR_CONNECTION" in text for text in tab.console)
    tab.console.clear()
    assert tab.notices == ["WebSocket connected"] * 2


def test_going_away_is_followed_by_a_reconnect(api: Api, tab: Tab) -> None:
    open_dashboard(tab, api)
    api.publish([emitted(1)])
    tab.until(row_count_is(1))
    api.server.servers[0].get_loop().call_soon_threadsafe(api.resources.hub.announce_shutdown, Random(56))  # 594 ms
    tab.until(state_is("reconnecting"))
    api.publish([emitted(2)])
    assert tab.until(f"{LIVE} && {row_count_is(2)} && {STATE}") == RESUMED


def test_gaps_are_reported(api: Api, tab: Tab) -> None:
    open_dashboard(tab, api)
    api.publish([emitted(1)])
    tab.until(row_count_is(1))
    api.server.servers[0].get_loop().call_soon_threadsafe(api.resources.hub.publish_gap, "signals", 2, 6)
    tab.until("!document.getElementById('gaps').hidden")
    api.seq = 6
    api.publish([emitted(7)])
    tab.until(row_count_is(2))
    (report,) = tab.text("#gaps")
    assert report == "Gap 1: up to 5 signals missed (lost upstream). Load them"
    path = tab.evaluate("document.querySelector('#gaps button').title")
    assert path.startswith("/api/v1/signals?limit=1000&since=2026-11-20T11")
    assert "1 gap" in tab.text("#statistics small")
    feed.renew_epoch(api.redis)
    api.redis.delete(feed.key("signals"))
    tab.until("document.getElementById('gaps').textContent.startsWith('Gap 2: an unknown number of signals')")
    api.seq = 0
    api.publish([emitted(8)])
    tab.until(row_count_is(3))


def test_silent_connection_is_replaced(serve: Callable[..., Api], tab: Tab) -> None:
    api = serve(keepalive_s=0.25)
    open_dashboard(tab, api)
    tab.until("document.getElementById('lag').textContent.endsWith(' ms')")
    maintenance = api.resources.tasks[-1]
    maintenance.get_loop().call_soon_threadsafe(maintenance.cancel)
    stale = f"{STATE} === 'Stale · no data from the server'"
    tab.until(stale)
    api.publish([emitted(1)])
    tab.until(f"{LIVE} && {row_count_is(1)}")
    tab.until(stale)
    tab.until(state_is("reconnecting"))
    assert tab.until(f"{LIVE} && {STATE}") == RESUMED


def test_sign_in_with_an_api_key(serve: Callable[..., Api], tab: Tab) -> None:
    api = serve(security=REQUIRED)
    text, key = make_key(api.connection, "read", "stream")
    until(lambda: api.resources.tail.connected and api.resources.access.keys.contains(key.id))
    tab.open(f"http://{api.address}/dashboard")
    signed_out = "document.readyState === 'complete' && !document.getElementById('sign-in').hidden"
    tab.until(signed_out)
    assert tab.text("#state") == ["Signed out"]

    def sign_in(key: str) -> None:
        tab.evaluate(
            f"document.getElementById('key').value = {key!r}; document.querySelector('#sign-in button').click()"
        )

    sign_in("se_nonsense")
    assert tab.until("document.getElementById('sign-in-error').textContent").startswith("malformed API key")
    tab.until(signed_out)
    until(lambda: tab.evaluate("true") and tab.console)
    (problem,) = tab.console
    assert "401" in problem
    tab.console.clear()
    sign_in(text)
    tab.until(LIVE)
    assert tab.evaluate("document.getElementById('sign-in').hidden")
    api.publish([emitted(1)])
    tab.until(row_count_is(1))
    tab.until("document.getElementById('statistics').textContent.includes('Win rate')")
    assert tab.evaluate("JSON.stringify([Object.keys(localStorage), Object.keys(sessionStorage)])") == "[[],[]]"
    assert text not in tab.evaluate("location.href + document.documentElement.outerHTML")
    tab.reload()
    tab.until(signed_out)
    tab.evaluate("document.getElementById('remember').checked = true")
    sign_in(text)
    tab.until(LIVE)
    tab.reload()
    tab.until(f"{LIVE} && {row_count_is(1)}")
    tab.navigate_by("document.getElementById('sign-out').click()")
    tab.until(signed_out)
    assert tab.evaluate("sessionStorage.length") == 0


def test_missed_signals_are_loaded_with_the_key(serve: Callable[..., Api], tab: Tab) -> None:
    api = serve(security=REQUIRED)
    key, stored = make_key(api.connection, "read", "stream")
    until(lambda: api.resources.tail.connected and api.resources.access.keys.contains(stored.id))
    api.write([emitted(number) for number in range(1, 8)])
    tab.open(f"http://{api.address}/dashboard")
    tab.until("document.readyState === 'complete' && !document.getElementById('sign-in').hidden")
    tab.evaluate(f"document.getElementById('key').value = {key!r}; document.querySelector('#sign-in button').click()")
    tab.until(LIVE)
    api.publish([emitted(1)])
    tab.until(row_count_is(1))
    api.server.servers[0].get_loop().call_soon_threadsafe(api.resources.hub.publish_gap, "signals", 2, 6)
    api.seq = 6
    api.publish([emitted(7)])
    tab.until(row_count_is(2))
    tab.evaluate("document.querySelector('#gaps button').click()")
    tab.until(row_count_is(7))
    assert tab.text("#gaps") == ["Gap 1: up to 5 signals missed (lost upstream). Added to the list: 5."]
    ids = tab.evaluate("[...document.querySelectorAll('#rows li')].map(row => row.dataset.id)")
    assert ids == [emitted(number).id for number in range(7, 0, -1)]
    assert tab.text("#count") == ["Showing 7 of 7"]
