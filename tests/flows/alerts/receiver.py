"""A webhook receiver on a loopback port, with scripted responses and a record of all requests."""

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


class ReceivedRequest(NamedTuple):
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver(ThreadingHTTPServer):
    """Responds with the statuses in `responses`, and then with 204; waits while `proceed` is not set."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "https" if tls else "http"
        if tls is not None:
            # The handshake is done by the thread that handles the request, not by the one that accepts.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.requests: list[ReceivedRequest] = []
        self.responses: deque[int] = deque()
        self.retry_after: str | None = None
        self.proceed = threading.Event()
        self.proceed.set()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}/hook?from=signalengine"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect, or do not trust the certificate: tests expect both."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.requests.append(
            ReceivedRequest(self.path, {name.lower(): text for name, text in self.headers.items()}, body)
        )
        self.server.proceed.wait(20)
        self.send_response(self.server.responses.popleft() if self.server.responses else 204)
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
        server.proceed.set()
        server.shutdown()
        thread.join()


def is_signed(request: ReceivedRequest, secret: bytes) -> bool:
    """Whether the signature is valid, verified as Standard Webhooks specify it for receivers."""
    signed = b"%s.%s.%s" % (request.id.encode(), request.headers["webhook-timestamp"].encode(), request.body)
    mac = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return f"v1,{mac}" in request.headers["webhook-signature"].split(" ")
