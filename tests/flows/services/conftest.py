"""Fixtures of the services."""

import threading
from collections.abc import Iterator

import pytest

from tests.flows.services.window import Window


@pytest.fixture
def window() -> Iterator[Window]:
    with Window() as window:
        thread = threading.Thread(target=window.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield window
        window.shutdown()
        thread.join()
