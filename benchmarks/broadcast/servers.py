"""Servers: how to run each, and how to publish a message to it.

All have the same number of clients, which connect in the same way; compression is off, and TCP_NODELAY is on.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.serving import Program, api, running, serving
from store import feed

HERE = Path(__file__).parent
TAKEN_MAX = 12_000
"""Number of clients that every server is configured to allow."""


class NotInstalledError(Exception):
    """A server is not installed; the message says which, and how to install it."""


@dataclass
class Server:
    """A running server.

    Attributes
    ----------
    path, dialect
        Arguments of `benchmarks.broadcast.listeners`.
    give
        Publishes a message to all its clients.
    made_of
        Program and version.
    """

    program: Program
    port: int
    path: str
    dialect: str
    give: Callable[[bytes], None]
    made_of: str


@contextmanager
def ours(database_url: str, redis_url: str) -> Iterator[Server]:
    """`python -m api`; messages are published through Valkey, as the engine does."""
    # The listeners do not answer pings.
    patient = {"clients_max": 2 * TAKEN_MAX, "ping_s": 600, "stuck_s": 600}
    with api(database_url, redis_url, **patient) as (program, port), _by_valkey(redis_url) as give:
        yield Server(program, port, "/api/v1/ws/signals", "ws", give, f"uvicorn {version('uvicorn')}")


@contextmanager
def bare(redis_url: str) -> Iterator[Server]:
    """Bare sockets of uvloop; messages are published through Valkey too."""
    command = [sys.executable, "-m", "benchmarks.broadcast.bare", redis_url]
    with serving(command) as (program, port), _by_valkey(redis_url) as give:
        yield Server(program, port, "/", "ws", give, f"uvloop {version('uvloop')}")


@contextmanager
def straight() -> Iterator[Server]:
    """The same, but messages are sent to it over TCP."""
    with serving([sys.executable, "-m", "benchmarks.broadcast.bare"]) as (program, port):
        (inner,) = program.wait_for_output(r"inner url=http://\S+:(\d+)")
        with _line(int(inner)) as line:
            yield Server(program, port, "/", "ws", _by_length(line), f"uvloop {version('uvloop')}")


@contextmanager
def _by_valkey(redis_url: str) -> Iterator[Callable[[bytes], None]]:
    """Publishes signals as the engine does."""
    with feed.connect(redis_url) as writer:
        newest = feed.newest(writer)

        def give(payload: bytes) -> None:
            nonlocal newest
            newest += 1
            feed.publish(writer, "signals", [(newest, payload)])

        yield give


@contextmanager
def node_ws() -> Iterator[Server]:
    """Node's `ws`; messages are sent to it over TCP. BENCH_NODE_MODULES is the folder that contains it."""
    modules = Path(os.environ.get("BENCH_NODE_MODULES", "node_modules")).absolute()
    node = _found("node", "apt-get install nodejs")
    if not (modules / "ws").is_dir():
        raise NotInstalledError(f"ws is not installed in {modules.name}: npm install ws, BENCH_NODE_MODULES=its folder")
    script = "require('ws/package.json').version + ' on Node ' + process.versions.node"
    made_of = _said([node, "--print", script], cwd=modules.parent)
    with running([node, str(HERE / "ws.mjs"), str(modules.parent)]) as program:
        port, inner = map(int, program.wait_for_output(r"(\d+) (\d+)\n"))
        with _line(inner) as line:
            yield Server(program, port, "/", "ws", _by_length(line), f"ws {made_of}")


@contextmanager
def nats() -> Iterator[Server]:
    """nats-server over WebSocket; messages are sent to it over TCP."""
    settings = (
        f"max_connections: {2 * TAKEN_MAX}\n"
        'listen: "127.0.0.1:{inner}"\n'
        'websocket {{ listen: "127.0.0.1:{port}", no_tls: true, compression: false }}\n'
    )

    def packet(payload: bytes) -> bytes:
        return b"PUB feed %d\r\n%b\r\n" % (len(payload), payload)

    with _broker("nats-server", "--version", settings, b'CONNECT {"verbose":false}\r\n', packet, "nats") as server:
        yield server


@contextmanager
def mosquitto() -> Iterator[Server]:
    """Mosquitto over WebSocket; messages are sent to it over TCP, with quality of service 0."""
    settings = (
        "user root\nallow_anonymous true\nset_tcp_nodelay true\n"
        "listener {inner} 127.0.0.1\nlistener {port} 127.0.0.1\nprotocol websockets\n"
    )

    def packet(payload: bytes) -> bytes:
        body = b"\x00\x04feed" + payload
        return b"\x30" + _mqtt_size(len(body)) + body

    hello = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04pubs"
    with _broker("mosquitto", "-h", settings, hello, packet, "mqtt") as server:
        yield server


PEERS = {"bare, without Valkey": straight, "Node ws": node_ws, "NATS": nats, "Mosquitto": mosquitto}
"""Servers that receive messages over a socket: our own without Valkey, to show its cost, and other products."""


@contextmanager
def _broker(
    name: str, ask: str, settings: str, hello: bytes, packet: Callable[[bytes], bytes], dialect: str
) -> Iterator[Server]:
    """A broker with a configuration file, a port for WebSockets and one for publishing.

    Parameters
    ----------
    ask
        Option that prints its version in the first line.
    settings
        Configuration, with placeholders for both ports.
    hello, packet
        First bytes to send to the publishing port, and the encoding of a message.
    """
    program = _found(name, f"apt-get install {name}")
    made_of = _said([program, ask])
    with TemporaryDirectory() as directory:
        port, inner = _free_ports(2)
        path = Path(directory) / "settings.conf"
        path.write_text(settings.format(port=port, inner=inner))
        with running([program, "-c", str(path)]) as runs:
            runs.wait_for_listener(port)
            runs.wait_for_listener(inner)
            with _line(inner) as line:
                line.sendall(hello)
                yield Server(runs, port, "/", dialect, lambda payload: line.sendall(packet(payload)), made_of)


def _found(name: str, way_out: str) -> str:
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if program is None:
        raise NotInstalledError(f"{name} is not installed: {way_out}")
    return program


def _said(command: list[str], cwd: Path | None = None) -> str:
    """The first line that a program prints."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).partition("\n")[0].strip()


def _by_length(line: socket.socket) -> Callable[[bytes], None]:
    """Sends a message with a length prefix."""
    return lambda payload: line.sendall(len(payload).to_bytes(4, "big") + payload)


def _line(port: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port))
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _free_ports(count: int) -> list[int]:
    with_sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in with_sockets]
    for one in with_sockets:
        one.close()
    return ports


def _mqtt_size(size: int) -> bytes:
    """The remaining length of MQTT: seven bits per byte."""
    parts = bytearray()
    while True:
        size, low = divmod(size, 128)
        parts.append(low | (0x80 if size else 0))
        if not size:
            return bytes(parts)
