"""Servers: what each needs to run, and how a message is given to it.

Clients of all are as many and connect alike; compression is off, and so is the delay of small packets.
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
"""Clients that every server is told to allow."""


class NotInstalledError(Exception):
    """A server is not there; says which, and how to get it."""


@dataclass
class Server:
    """One that runs.

    Attributes
    ----------
    path, dialect
        Of `benchmarks.broadcast.listeners`.
    give
        Has it send a message to all its clients.
    made_of
        The program and its version.
    """

    program: Program
    port: int
    path: str
    dialect: str
    give: Callable[[bytes], None]
    made_of: str


@contextmanager
def ours(database_url: str, redis_url: str) -> Iterator[Server]:
    """`python -m api`, given to by way of Valkey, as the engine does it."""
    # The listeners do not answer pings.
    patient = {"clients_max": 2 * TAKEN_MAX, "ping_s": 600, "stuck_s": 600}
    with api(database_url, redis_url, **patient) as (program, port), _by_valkey(redis_url) as give:
        yield Server(program, port, "/api/v1/ws/signals", "ws", give, f"uvicorn {version('uvicorn')}")


@contextmanager
def bare(redis_url: str) -> Iterator[Server]:
    """Sockets of uvloop alone, given to by way of Valkey too."""
    command = [sys.executable, "-m", "benchmarks.broadcast.bare", redis_url]
    with serving(command) as (program, port), _by_valkey(redis_url) as give:
        yield Server(program, port, "/", "ws", give, f"uvloop {version('uvloop')}")


@contextmanager
def straight() -> Iterator[Server]:
    """The same, given to over TCP."""
    with serving([sys.executable, "-m", "benchmarks.broadcast.bare"]) as (program, port):
        (inner,) = program.wait_for_output(r"inner url=http://\S+:(\d+)")
        with _line(int(inner)) as line:
            yield Server(program, port, "/", "ws", _by_length(line), f"uvloop {version('uvloop')}")


@contextmanager
def _by_valkey(redis_url: str) -> Iterator[Callable[[bytes], None]]:
    """Announces signals as the engine does."""
    with feed.connect(redis_url) as writer:
        newest = feed.newest(writer)

        def give(payload: bytes) -> None:
            nonlocal newest
            newest += 1
            feed.publish(writer, "signals", [(newest, payload)])

        yield give


@contextmanager
def node_ws() -> Iterator[Server]:
    """Node's `ws`, given to over TCP; the folder that has it is in BENCH_NODE_MODULES."""
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
    """nats-server over WebSocket, given to over TCP."""
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
    """Mosquitto over WebSocket, given to over TCP, quality of service 0."""
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
"""Those that are given to over a socket: what the way through Valkey costs, and others."""


@contextmanager
def _broker(
    name: str, ask: str, settings: str, hello: bytes, packet: Callable[[bytes], bytes], dialect: str
) -> Iterator[Server]:
    """A program with a file of settings, a port for WebSockets and one to be given to.

    Parameters
    ----------
    ask
        The option that has it say its version in its first line.
    settings
        With places for both ports.
    hello, packet
        What is said first at the port to be given to, and how a message is put there.
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
    """The first line that a program says."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).partition("\n")[0].strip()


def _by_length(line: socket.socket) -> Callable[[bytes], None]:
    """Says a message with its length before it."""
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
    """The remaining length of MQTT: seven bits a byte."""
    parts = bytearray()
    while True:
        size, low = divmod(size, 128)
        parts.append(low | (0x80 if size else 0))
        if not size:
            return bytes(parts)
