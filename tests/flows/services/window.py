"""A stub API: a real HTTP server that serves a list of signals."""

from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec

from domain.signals import Signal


class Window(HTTPServer):
    """Answers every request with its signals, newest first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.signals: list[Signal] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Window)
        assert self.path == "/signals?limit=20"
        body = msgspec.json.encode({"signals": self.server.signals})
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Do not log."""
