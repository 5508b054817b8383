"""A worker's end of the line to its doorman."""

import asyncio
import socket
import threading

from api.serving.doorman import READY
from api.serving.worker import Reception
from tests.api.conftest import Api

CONNECTION = b"c"


def at_work(api: Api, line: socket.socket) -> Reception:
    """A reception of a running API; the test is the doorman."""
    made = threading.Event()
    receptions: list[Reception] = []

    async def work() -> None:
        receptions.append(Reception(line, api.server, api.resources.hub))
        made.set()
        await receptions[0].run()

    asyncio.run_coroutine_threadsafe(work(), api.server.servers[0].get_loop())
    assert made.wait(10)
    return receptions[0]


def test_it_serves_what_it_is_handed_and_leaves_when_the_line_ends(api: Api) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(20)
    reception = at_work(api, theirs)
    assert ours.recv(64) == READY
    caller, connection = socket.socketpair()
    with caller, connection:
        socket.send_fds(ours, [CONNECTION], [connection.fileno()])
        caller.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert caller.recv(12) == b"HTTP/1.1 200"
    assert ours.recv(64) == b"0"
    assert not reception.ended.is_set()
    ours.close()
    asyncio.run_coroutine_threadsafe(reception.ended.wait(), api.server.servers[0].get_loop()).result(10)


def test_a_connection_that_it_could_not_open_is_not_the_end(api: Api) -> None:
    """So it comes to a process that has as many open files as it may."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(20)
    reception = at_work(api, theirs)
    assert ours.recv(64) == READY
    ours.send(CONNECTION)
    for _ in range(3):
        assert ours.recv(64) == b"0"
    assert not reception.ended.is_set()
    ours.close()


def test_a_doorman_that_went_before_it_was_ready_ends_it_too(api: Api) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.close()
    reception = at_work(api, theirs)
    asyncio.run_coroutine_threadsafe(reception.ended.wait(), api.server.servers[0].get_loop()).result(10)
