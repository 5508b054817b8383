"""The loss account: for every client, what came and what was announced as gone is what was published.

Clients stall, leave and come back at random while signals are published and Redis restarts. The short form
runs always; `pytest -m slow tests/api/feed/test_losses.py` runs a thousand clients.
"""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from domain.errors import ServiceError
from store import feed, signals
from tests.api.builders import emitted
from tests.api.conftest import Api, serve_on_valkey
from tests.api.feed.follower import Follower
from tests.servers import Server
from tests.until import until


def publish(api: Api, seq: int) -> None:
    """Try until it is announced, as the engine does."""
    while True:
        with contextlib.suppress(ServiceError):
            feed.publish(api.redis, "signals", [(seq, signals.payload(emitted(seq)))])
            return
        time.sleep(0.05)


def account(api: Api, server: Server, clients: int, messages: int) -> int:
    """Run it; the count of messages that were announced as gone, all clients together."""
    followers = [Follower(api.address, stalls=number) for number in range(clients)]
    until(lambda: all(follower.connections for follower in followers), 60)
    for seq in range(1, messages + 1):
        publish(api, seq)
        if seq == messages // 2:
            server.stop()
            server.start()
        time.sleep(0.002)
    until(lambda: all(follower.seen == messages or follower.error for follower in followers), 120)
    for follower in followers:
        follower.stop()
    assert [follower.account(messages) for follower in followers] == [set()] * clients
    assert sum(follower.connections for follower in followers) > clients, "nobody ever came back"
    return sum(last - first + 1 for follower in followers for first, last in follower.missed)


def test_what_came_and_what_was_announced_as_gone_is_what_was_published(
    serve: Callable[..., Api], start_valkey: Any
) -> None:
    """The ring is small and Redis keeps all, so whoever comes back late is served from there."""
    server = start_valkey(durable=True)
    api = serve_on_valkey(serve, server, ring_messages=40)
    assert account(api, server, clients=20, messages=400) == 0


def test_with_a_stream_that_forgets_there_are_gaps_and_no_loss(
    serve: Callable[..., Api], start_valkey: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_valkey(durable=True)
    api = serve_on_valkey(serve, server, ring_messages=10, ring_bytes=5_000)
    keep = feed.publish

    def publish_and_forget(client: Any, channel: str, entries: Any) -> int:
        return keep(client, channel, entries, keep=150)

    monkeypatch.setattr(feed, "publish", publish_and_forget)
    account(api, server, clients=10, messages=600)


def account_of_crowd(api: Api, server: Server, clients: int, messages: int) -> None:
    command = [sys.executable, "-m", "tests.api.feed.many_clients", api.address, str(clients), str(messages)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as crowd:
        assert crowd.stdout is not None
        assert crowd.stdout.readline() == "ready\n"
        for seq in range(1, messages + 1):
            publish(api, seq)
            if seq == messages // 2:
                server.stop()
                server.start()
            time.sleep(0.005)
        said = json.loads(crowd.stdout.readline())
    assert [came + gone for came, gone, _, _ in said] == [messages] * clients
    assert [wrong for _, _, wrong, _ in said] == [0] * clients
    connections = sum(each[3] for each in said)
    assert connections > clients, "nobody ever came back"
    came, gone = sum(each[0] for each in said), sum(each[1] for each in said)
    sys.stdout.write(
        f"{clients:,} clients, {connections:,} connections: {came:,} came and {gone:,} announced as gone, "
    )
    sys.stdout.write(f"of {clients * messages:,}\n")


def test_a_crowd_accounts_for_the_same(serve: Callable[..., Api], start_valkey: Any) -> None:
    server = start_valkey(durable=True)
    account_of_crowd(serve_on_valkey(serve, server, ring_messages=100), server, clients=50, messages=300)


@pytest.mark.slow
def test_a_thousand_clients(serve: Callable[..., Api], start_valkey: Any) -> None:
    server = start_valkey(durable=True)
    account_of_crowd(serve_on_valkey(serve, server, ring_messages=500), server, clients=1_000, messages=2_000)
