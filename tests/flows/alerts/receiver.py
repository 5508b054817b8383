"""A receiver of webhooks on a loopback port, which answers as it is told and remembers what it got."""

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Got(NamedTuple):
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def said(self) -> Any:
        return json.loads(self.body)


class Receiver(ThreadingHTTPServer):
    """Answers with `answers` in their order, and then with 204; by TLS if it is given what it shows."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "https" if tls else "http"
        if tls is not None:
            # Handshakes are the business of the thread that answers.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.got: list[Got] = []
        self.answers: deque[int] = deque()
        self.retry_after: str | None = None
        self.held = threading.Event()
        self.held.set()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}/hook?from=signalengine"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up, or does not trust us, is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(Got(self.path, {name.lower(): text for name, text in self.headers.items()}, body))
        self.server.held.wait(20)
        self.send_response(self.server.answers.popleft() if self.server.answers else 204)
        if self.server.retry_after is not None:
            self.send_header("Retry-After", self.server.retry_after)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    with Receiver(tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.held.set()
        server.shutdown()
        thread.join()


def verified(got: Got, secret: bytes) -> bool:
    """Whether the signature is right, as Standard Webhooks say that a receiver is to look at it."""
    signed = b"%s.%s.%s" % (got.id.encode(), got.headers["webhook-timestamp"].encode(), got.body)
    mac = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return f"v1,{mac}" in got.headers["webhook-signature"].split(" ")
