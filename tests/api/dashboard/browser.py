"""A real browser, driven over the Chrome DevTools Protocol."""

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

TIMEOUT_S = 30
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0"),
)


class Tab:
    """One page in a browser context of its own, which shares no storage with others.

    Attributes
    ----------
    console
        Texts of the console: messages, exceptions and violations of the content security policy.
    notices
        Texts of its level "info", which are not in `console`.
    """

    def __init__(self, websocket: ClientConnection, width: int, height: int) -> None:
        self._websocket = websocket
        self._ids = count(1)
        self._session: str | None = None
        self._is_loaded = True
        self.console: list[str] = []
        self.notices: list[str] = []
        self._context = self.call("Target.createBrowserContext")["browserContextId"]
        options = {"url": "about:blank", "browserContextId": self._context}
        target = self.call("Target.createTarget", **options)["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.resize(width, height)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Run one command of the protocol and return its result."""
        number = next(self._ids)
        session = {"sessionId": self._session} if self._session else {}
        self._websocket.send(json.dumps({"id": number, "method": method, "params": parameters, **session}))
        while (message := json.loads(self._websocket.recv(TIMEOUT_S))).get("id") != number:
            self._handle_event(message)
        assert "error" not in message, message
        result: dict[str, Any] = message["result"]
        return result

    def _handle_event(self, message: dict[str, Any]) -> None:
        parameters = message.get("params", {})
        match message.get("method"):
            case "Page.loadEventFired":
                self._is_loaded = True
            case "Runtime.consoleAPICalled":
                texts = self.notices if parameters["type"] == "info" else self.console
                texts.append(" ".join(str(argument.get("value")) for argument in parameters["args"]))
            case "Runtime.exceptionThrown":
                self.console.append(json.dumps(parameters["exceptionDetails"]))
            case "Log.entryAdded":
                self.console.append(parameters["entry"]["text"])

    def resize(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)

    def emulate_media(self, **features: str) -> None:
        """Set media features, such as prefers_color_scheme="dark"."""
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=named)

    def open(self, url: str) -> None:
        self._load("Page.navigate", url=url)

    def reload(self) -> None:
        self._load("Page.reload")

    def navigate_by(self, expression: str) -> None:
        """Evaluate a JavaScript expression that loads a page, and wait until that is loaded."""
        self._load("Runtime.evaluate", expression=expression)

    def close(self) -> None:
        """Close the tab and delete its storage."""
        self._session = None
        self.call("Target.disposeBrowserContext", browserContextId=self._context)

    def _load(self, method: str, **parameters: Any) -> None:
        self._is_loaded = False
        self.call(method, **parameters)
        while not self._is_loaded:
            self._handle_event(json.loads(self._websocket.recv(TIMEOUT_S)))

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        response = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in response, response
        return response["result"].get("value")

    def until(self, expression: str) -> Any:
        """The value of a JavaScript expression as soon as it is truthy."""
        deadline = time.monotonic() + TIMEOUT_S
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < deadline, (expression, self.console, self.evaluate("document.body.innerText"))
            time.sleep(0.02)
        return value

    def text(self, selector: str) -> list[str]:
        """The text of every element that matches a CSS selector."""
        texts: list[str] = self.evaluate(
            f"[...document.querySelectorAll({selector!r})].map(element => element.textContent)"
        )
        return texts

    def screenshot(self, path: Path) -> None:
        """Write a PNG of the visible part of the page."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


@contextmanager
def browser(directory: Path) -> Iterator[ClientConnection]:
    """Run a browser, and yield the connection to it."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    command = [program, *FLAGS, f"--user-data-dir={directory}", "about:blank"]
    with (directory / "stderr").open("wb") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr)
    try:
        # No pings: the connection lasts for the whole session, and a thread that draws their random numbers disturbs
        # Hypothesis in other tests, which draws from the same generator (seen: FlakyFailure).
        with connect(_debugger_url(process, directory), proxy=None, max_size=None, ping_interval=None) as websocket:
            yield websocket
            websocket.send(json.dumps({"id": 0, "method": "Browser.close"}))
        process.wait(TIMEOUT_S)
    finally:
        process.kill()
        process.wait()


def _debugger_url(process: subprocess.Popen[bytes], directory: Path) -> str:
    """The address of the debugger, which the browser writes to a file once it listens."""
    deadline = time.monotonic() + TIMEOUT_S
    while len(lines := _lines(directory / "DevToolsActivePort")) < 2:
        assert process.poll() is None, (directory / "stderr").read_text()
        assert time.monotonic() < deadline, f"the browser did not start within {TIMEOUT_S} s"
        time.sleep(0.02)
    return f"ws://127.0.0.1:{lines[0]}{lines[1]}"


def _lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []
