"""A worker's end of the control socket to its supervisor."""

import asyncio
import socket
import threading

from api.serving.supervisor import READY
from api.serving.worker import ConnectionReceiver
from tests.api.conftest import Api

CONNECTION = b"c"


def start_receiver(api: Api, control: socket.socket) -> ConnectionReceiver:
    """A receiver within a running API; the test acts as the supervisor."""
    started = threading.Event()
    receivers: list[ConnectionReceiver] = []

    async def run() -> None:
        receivers.append(ConnectionReceiver(control, api.server, api.resources.hub))
        started.set()
        await receivers[0].run()

    asyncio.run_coroutine_threadsafe(run(), api.server.servers[0].get_loop())
    assert started.wait(10)
    return receivers[0]


def wait_until_ended(api: Api, receiver: ConnectionReceiver) -> None:
    asyncio.run_coroutine_threadsafe(receiver.ended.wait(), api.server.servers[0].get_loop()).result(10)


def test_it_serves_received_connections_until_the_control_socket_closes(api: Api) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(20)
    receiver = start_receiver(api, theirs)
    assert ours.recv(64) == READY
    client, connection = socket.socketpair()
    with client, connection:
        socket.send_fds(ours, [CONNECTION], [connection.fileno()])
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.1 200"
    assert ours.recv(64) == b"0"
    assert not receiver.ended.is_set()
    ours.close()
    wait_until_ended(api, receiver)


def test_a_message_without_a_descriptor_does_not_end_it(api: Api) -> None:
    """A process at its limit of open files receives a connection in this way."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(20)
    receiver = start_receiver(api, theirs)
    assert ours.recv(64) == READY
    ours.send(CONNECTION)
    for _ in range(3):
        assert ours.recv(64) == b"0"
    assert not receiver.ended.is_set()
    ours.close()


def test_a_supervisor_that_ends_before_the_worker_is_ready_ends_it(api: Api) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.close()
    wait_until_ended(api, start_receiver(api, theirs))
