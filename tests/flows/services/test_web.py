"""Local addresses are requested without a proxy, and errors are returned as text."""

import socket

import pytest

from flows.services.web import get
from tests.flows.services.window import Window


def test_requests_bypass_the_proxy(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert get(f"{window.url}/signals?limit=20", timeout_s=5) == (b'{"signals":[]}', None)


def test_connection_errors_and_timeouts_are_reported() -> None:
    body, problem = get("http://127.0.0.1:1/", timeout_s=5)
    assert (body, "refused" in str(problem)) == (b"", True)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert get(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout_s=0.05) == (b"", "timed out")
