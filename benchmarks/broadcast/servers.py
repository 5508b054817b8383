"""Servers: what each needs to run, and how a message is given to it."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store import feed

HERE = Path(__file__).parent
TAKEN_MAX = 12_000
"""Clients that every server is told to allow."""


@dataclass
class Server:
    """One that runs.

    Attributes
    ----------
    path, dialect
        Of `benchmarks.broadcast.listeners`.
    give
        Has it send a message to all its clients.
    """

    port: int
    path: str
    dialect: str
    process: subprocess.Popen[Any]
    give: Callable[[bytes], None]


@contextmanager
def ours(database_url: str, redis_url: str) -> Iterator[Server]:
    """`python -m api`, given to by way of Valkey, as the engine does it."""
    environ = os.environ | {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SIGNALENGINE_API_PORT": "0",
        "SIGNALENGINE_API_CLIENTS_MAX": str(2 * TAKEN_MAX),
        "SIGNALENGINE_API_PING_S": "600",  # the listeners do not answer
        "SIGNALENGINE_API_STUCK_S": "600",
    }
    command = [sys.executable, "-m", "api"]
    with _running(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = next(f for line in process.stderr if (f := re.search(r"listening url=http://\S+:(\d+)", line)))
        _wait_for(int(found[1]))
        with _by_valkey(redis_url) as give:
            yield Server(int(found[1]), "/api/v1/ws/signals", "ws", process, give)


@contextmanager
def _by_valkey(redis_url: str) -> Iterator[Callable[[bytes], None]]:
    """Announces signals as the engine does."""
    writer = feed.connect(redis_url)
    newest = feed.newest(writer)

    def give(payload: bytes) -> None:
        nonlocal newest
        newest += 1
        feed.publish(writer, "signals", [(newest, payload)])

    yield give
    writer.close()


@contextmanager
def bare(redis_url: str) -> Iterator[Server]:
    """Sockets of uvloop alone, given to by way of Valkey too."""
    command = [sys.executable, "-m", "benchmarks.broadcast.bare", redis_url]
    with _running(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with _by_valkey(redis_url) as give:
            yield Server(int(process.stdout.readline()), "/", "ws", process, give)


@contextmanager
def node_ws() -> Iterator[Server]:
    """Node's `ws`; the folder that has it is in BENCH_NODE_MODULES."""
    modules = os.environ.get("BENCH_NODE_MODULES", "node_modules")
    if not shutil.which("node") or not (Path(modules) / "ws").is_dir():
        raise FileNotFoundError("node with ws: npm install ws, and name the folder in BENCH_NODE_MODULES")
    folder = str(Path(modules).absolute().parent)
    with _running(["node", str(HERE / "ws.mjs"), folder], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port, inner = map(int, process.stdout.readline().split())
        with socket.create_connection(("127.0.0.1", inner)) as line:

            def give(payload: bytes) -> None:
                line.sendall(len(payload).to_bytes(4, "big") + payload)

            yield Server(port, "/", "ws", process, give)


@contextmanager
def nats() -> Iterator[Server]:
    """nats-server over WebSocket, given to over TCP."""
    program = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin")
    if program is None:
        raise FileNotFoundError("nats-server: apt-get install nats-server")
    with tempfile.TemporaryDirectory() as directory:
        port, inner = _free_ports(2)
        settings = Path(directory) / "nats.conf"
        settings.write_text(
            f'listen: "127.0.0.1:{inner}"\nmax_connections: {2 * TAKEN_MAX}\n'
            f'websocket {{ listen: "127.0.0.1:{port}", no_tls: true, compression: false }}\n'
        )
        with _running([program, "-c", str(settings)], stderr=subprocess.DEVNULL) as process:
            _wait_for(port)
            with socket.create_connection(("127.0.0.1", inner)) as line:
                line.sendall(b'CONNECT {"verbose":false}\r\n')

                def give(payload: bytes) -> None:
                    line.sendall(b"PUB feed %d\r\n%b\r\n" % (len(payload), payload))

                yield Server(port, "/", "nats", process, give)


@contextmanager
def mosquitto() -> Iterator[Server]:
    """Mosquitto over WebSocket, given to over TCP, quality of service 0."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        raise FileNotFoundError("mosquitto: apt-get install mosquitto")
    with tempfile.TemporaryDirectory() as directory:
        port, inner = _free_ports(2)
        settings = Path(directory) / "mosquitto.conf"
        settings.write_text(
            f"user root\nallow_anonymous true\nset_tcp_nodelay true\nlistener {inner} 127.0.0.1\n"
            f"listener {port} 127.0.0.1\nprotocol websockets\n"
        )
        with _running([program, "-c", str(settings)], stderr=subprocess.DEVNULL) as process:
            _wait_for(port)
            with socket.create_connection(("127.0.0.1", inner)) as line:
                line.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04pubs")
                line.recv(4)

                def give(payload: bytes) -> None:
                    body = b"\x00\x04feed" + payload
                    line.sendall(b"\x30" + _mqtt_size(len(body)) + body)

                yield Server(port, "/", "mqtt", process, give)


PEERS = {"Node ws": node_ws, "NATS": nats, "Mosquitto": mosquitto}
"""Others; they are given to over a socket."""


@contextmanager
def _running(command: list[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def _free_ports(count: int) -> list[int]:
    with_sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in with_sockets]
    for one in with_sockets:
        one.close()
    return ports


def _wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


def _mqtt_size(size: int) -> bytes:
    """The remaining length of MQTT: seven bits a byte."""
    parts = bytearray()
    while True:
        size, low = divmod(size, 128)
        parts.append(low | (0x80 if size else 0))
        if not size:
            return bytes(parts)
