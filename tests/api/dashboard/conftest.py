"""A browser for the session, and a tab of it that shows the dashboard for each test."""

from collections.abc import Iterator

import pytest
from websockets.sync.client import ClientConnection

from tests.api.conftest import Api
from tests.api.dashboard.browser import Tab, browser

LIVE = "document.getElementById('pill').dataset.state === 'live'"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientConnection]:
    with browser(tmp_path_factory.mktemp("chromium")) as websocket:
        yield websocket


@pytest.fixture
def tab(chromium: ClientConnection) -> Iterator[Tab]:
    """A tab in which nothing may have been said when the test ends, but for what the test took out."""
    tab = Tab(chromium, 1400, 900)
    yield tab
    tab.ask("0")
    said = list(tab.said)
    tab._session = None
    tab.call("Target.disposeBrowserContext", browserContextId=tab.context)
    assert said == []


def seen(tab: Tab, api: Api) -> None:
    """Open the page, and wait until it is live."""
    tab.open(f"http://{api.address}/dashboard")
    tab.until(LIVE)


def shown(number: int) -> str:
    return f"document.getElementById('rows').childElementCount === {number}"
