"""One browser for the session, and for each test a tab that can show the dashboard."""

from collections.abc import Iterator

import pytest
from websockets.sync.client import ClientConnection

from tests.api.conftest import Api
from tests.api.dashboard.browser import Tab, browser


def state_is(name: str) -> str:
    """JavaScript that is true while the connection is in a state."""
    return f"document.getElementById('connection').dataset.state === '{name}'"


def row_count_is(number: int) -> str:
    """JavaScript that is true while the page shows so many signals."""
    return f"document.getElementById('rows').childElementCount === {number}"


LIVE = state_is("live")


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientConnection]:
    with browser(tmp_path_factory.mktemp("chromium")) as websocket:
        yield websocket


@pytest.fixture
def tab(chromium: ClientConnection) -> Iterator[Tab]:
    """A tab whose console must be empty when the test ends; the test clears what it expects there."""
    tab = Tab(chromium, 1400, 900)
    yield tab
    tab.evaluate("0")
    console = list(tab.console)
    tab.close()
    assert console == []


def open_dashboard(tab: Tab, api: Api) -> None:
    """Open the page, and wait until its connection is live."""
    tab.open(f"http://{api.address}/dashboard")
    tab.until(LIVE)
