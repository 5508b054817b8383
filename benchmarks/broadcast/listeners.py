"""Listeners: many client connections in one process that only reads, the same program for every server.

    python -m benchmarks.broadcast.listeners PORT PATH DIALECT CLIENTS FIRST MESSAGES

Prints `ready` when all are connected, `warm` when all have received the FIRST messages, and then, when all have
received MESSAGES more, the latency of these from their stamp: the text `t=` and 16 digits, nanoseconds of the monotonic
clock, anywhere in a message. DIALECT is the protocol by which to subscribe: ws, nats, mqtt; or quiet, and stuck with a
small receive buffer, which never read.
"""

import array
import json
import os
import resource
import select
import socket
import sys
import time

import numpy as np

MASK = b"\x00\x00\x00\x00"
STAMP = b"t="
STAMP_BYTES = len(STAMP) + 16
RECEIVED_BYTES = 262_144
PATIENCE_S = 60
SMALL = 4096
AT_ONCE = 200


def masked(payload: bytes, opcode: int = 2) -> bytes:
    """A frame as a client sends it; the mask is zero, which is allowed and leaves the payload as it is."""
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return bytes([0x80 | opcode]) + size + MASK + payload


def mqtt_words(number: int) -> bytes:
    """CONNECT and SUBSCRIBE of MQTT 3.1.1 (§3.1, §3.8)."""
    name = f"c{number}".encode()
    connect = b"\x00\x04MQTT\x04\x02\x00\x00" + len(name).to_bytes(2, "big") + name
    subscribe = b"\x00\x01\x00\x04feed\x00"
    return masked(b"\x10" + bytes([len(connect)]) + connect + b"\x82" + bytes([len(subscribe)]) + subscribe)


def words(dialect: str, number: int) -> bytes:
    """What a client sends after its handshake."""
    if dialect == "nats":
        return masked(b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB feed 1\r\nPING\r\n')
    return mqtt_words(number) if dialect == "mqtt" else b""


def called(port: int, path: str, dialect: str) -> socket.socket:
    """A connection that has sent its WebSocket handshake."""
    client = socket.socket()
    if dialect == "stuck":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    client.settimeout(PATIENCE_S)
    client.connect(("127.0.0.1", port))
    protocol = "Sec-WebSocket-Protocol: mqtt\r\n" if dialect == "mqtt" else ""
    client.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}\r\n".encode()
    )
    return client


def connected(port: int, path: str, dialect: str, count: int) -> list[socket.socket]:
    """Subscribed clients; connected in batches, since a server may be slow to accept each."""
    clients: list[socket.socket] = []
    while len(clients) < count:
        fresh = [called(port, path, dialect) for _ in range(min(AT_ONCE, count - len(clients)))]
        for client in fresh:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            assert head.startswith(b"HTTP/1.1 101 "), head
        for number, client in enumerate(fresh, len(clients)):
            if said := words(dialect, number):
                client.sendall(said)
        for client in fresh:
            if dialect in ("nats", "mqtt"):
                client.recv(4096)  # its first response: by then it has processed the subscription
            client.settimeout(0)
        clients += fresh
    return clients


class Ears:
    """Clients that receive.

    All share one buffer: `recv` of so many bytes allocates them each time, which takes as long as a delivery.
    """

    def __init__(self, clients: list[socket.socket]) -> None:
        self._epoll = select.epoll()
        self._clients = {client.fileno(): client for client in clients}
        self._parts = dict.fromkeys(self._clients, b"")
        for descriptor in self._clients:
            self._epoll.register(descriptor, select.EPOLLIN)

    def hear(self, messages: int) -> "array.array[int]":
        """Latency of each message to each client in nanoseconds, until all have received `messages`."""
        clients, parts = self._clients, self._parts
        left = dict.fromkeys(clients, messages)
        took: array.array[int] = array.array("q")
        buffer = bytearray(STAMP_BYTES + RECEIVED_BYTES)  # what was left over of the last data, then the new
        fresh = memoryview(buffer)[STAMP_BYTES:]
        end_s = time.monotonic() + PATIENCE_S
        waiting = len(clients) if messages else 0
        while waiting and time.monotonic() < end_s:
            for descriptor, _ in self._epoll.poll(1.0):
                size = clients[descriptor].recv_into(fresh)
                now_ns = time.monotonic_ns()
                if not size:
                    raise ConnectionError("the server closed a connection")
                part = parts[descriptor]
                at, end = STAMP_BYTES - len(part), STAMP_BYTES + size
                buffer[at:STAMP_BYTES] = part
                while (found := buffer.find(STAMP, at, end)) >= 0 and found + STAMP_BYTES <= end:
                    at = found + STAMP_BYTES
                    took.append(now_ns - int(buffer[found + len(STAMP) : at]))
                    left[descriptor] -= 1
                    waiting -= left[descriptor] == 0
                parts[descriptor] = bytes(buffer[max(at, end - STAMP_BYTES + 1) : end])
        return took


def main(port: int, path: str, dialect: str, count: int, first: int, messages: int) -> None:
    """Connect, receive and print the latencies."""
    clients = connected(port, path, dialect, count)
    print("ready", flush=True)
    if dialect in ("stuck", "quiet"):
        sys.stdin.read()
        return
    ears = Ears(clients)
    ears.hear(first)
    print("warm", flush=True)
    began = time.process_time()
    took = np.array(ears.hear(messages)) / 1e6
    p50, p99 = np.percentile(took, (50, 99)) if len(took) else (0.0, 0.0)
    told = {
        "came": len(took),
        "p50_ms": float(p50),
        "p99_ms": float(p99),
        "max_ms": float(took.max(initial=0.0)),
        "cpu_s": time.process_time() - began,
    }
    print(json.dumps(told), flush=True)
    os._exit(0)  # to close ten thousand sockets one by one takes a while


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], *map(int, sys.argv[4:]))
