"""A real browser, driven over its DevTools protocol."""

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

PATIENCE_S = 30
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0"),
)


class Tab:
    """One page in a context of its own: it shares no storage with others.

    Attributes
    ----------
    said
        What the console shows, breaches of the content security policy included.
    """

    def __init__(self, websocket: ClientConnection, width: int, height: int) -> None:
        self._websocket = websocket
        self._numbers = count(1)
        self._session: str | None = None
        self._is_loaded = True
        self.said: list[str] = []
        self.context = self.call("Target.createBrowserContext")["browserContextId"]
        wanted = {"url": "about:blank", "browserContextId": self.context}
        target = self.call("Target.createTarget", **wanted)["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.resize(width, height)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of one command."""
        number = next(self._numbers)
        place = {"sessionId": self._session} if self._session else {}
        self._websocket.send(json.dumps({"id": number, "method": method, "params": parameters, **place}))
        while (message := json.loads(self._websocket.recv(PATIENCE_S))).get("id") != number:
            self._note(message)
        assert "error" not in message, message
        result: dict[str, Any] = message["result"]
        return result

    def _note(self, message: dict[str, Any]) -> None:
        told = message.get("params", {})
        match message.get("method"):
            case "Page.loadEventFired":
                self._is_loaded = True
            case "Runtime.consoleAPICalled":
                self.said.append(" ".join(str(argument.get("value")) for argument in told["args"]))
            case "Runtime.exceptionThrown":
                self.said.append(json.dumps(told["exceptionDetails"]))
            case "Log.entryAdded":
                self.said.append(told["entry"]["text"])

    def resize(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)

    def prefer(self, **features: str) -> None:
        """Such as prefers_color_scheme="dark"."""
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=named)

    def open(self, url: str) -> None:
        self._load("Page.navigate", url=url)

    def reload(self) -> None:
        self._load("Page.reload")

    def _load(self, method: str, **parameters: Any) -> None:
        self._is_loaded = False
        self.call(method, **parameters)
        while not self._is_loaded:
            self._note(json.loads(self._websocket.recv(PATIENCE_S)))

    def ask(self, expression: str) -> Any:
        """The value of an expression of JavaScript."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, expression: str) -> Any:
        """Its value as soon as it is true."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := self.ask(expression)):
            assert time.monotonic() < deadline, (expression, self.said, self.ask("document.body.innerText"))
            time.sleep(0.02)
        return found

    def text(self, selector: str) -> list[str]:
        """The words of every element that is chosen."""
        found: list[str] = self.ask(f"[...document.querySelectorAll({selector!r})].map(one => one.textContent)")
        return found

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


@contextmanager
def browser(directory: Path) -> Iterator[ClientConnection]:
    """The browser, and the connection to it."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    command = [program, *FLAGS, f"--user-data-dir={directory}", "about:blank"]
    with (directory / "stderr").open("wb") as told:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told)
    try:
        # No pings: this lives as long as the session, and their random numbers are drawn in a thread from
        # where Hypothesis draws its own, in the tests of everybody else (seen: FlakyFailure in one of them).
        with connect(_address(process, directory), proxy=None, max_size=None, ping_interval=None) as websocket:
            yield websocket
            websocket.send(json.dumps({"id": 0, "method": "Browser.close"}))
        process.wait(PATIENCE_S)
    finally:
        process.kill()
        process.wait()


def _address(process: subprocess.Popen[bytes], directory: Path) -> str:
    """Where it listens, which it writes down once it does."""
    deadline = time.monotonic() + PATIENCE_S
    while len(lines := _lines(directory / "DevToolsActivePort")) < 2:
        assert process.poll() is None, (directory / "stderr").read_text()
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s"
        time.sleep(0.02)
    return f"ws://127.0.0.1:{lines[0]}{lines[1]}"


def _lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []
