"""The loss account: for every client, messages received plus messages announced as lost equal those published.

Clients stall, disconnect and reconnect at random while signals are published and Redis restarts. The short form
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
    """Retry until it is published, as the engine does."""
    while True:
        with contextlib.suppress(ServiceError):
            feed.publish(api.redis, "signals", [(seq, signals.payload(emitted(seq)))])
            return
        time.sleep(0.05)


def account(api: Api, server: Server, clients: int, messages: int) -> int:
    """Run the clients; the number of messages announced as lost, summed over clients."""
    followers = [Follower(api.address, stall_seed=number) for number in range(clients)]
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
    assert sum(follower.connections for follower in followers) > clients, "no client ever reconnected"
    return sum(last - first + 1 for follower in followers for first, last in follower.missed)


def test_received_plus_announced_gaps_equals_published(serve: Callable[..., Api], start_valkey: Any) -> None:
    """The ring is small and Redis drops nothing, so clients that resume late are served from there."""
    server = start_valkey(durable=True)
    api = serve_on_valkey(serve, server, ring_messages=40)
    assert account(api, server, clients=20, messages=400) == 0


def test_a_stream_that_drops_entries_causes_gaps_and_no_silent_loss(
    serve: Callable[..., Api], start_valkey: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_valkey(durable=True)
    api = serve_on_valkey(serve, server, ring_messages=10, ring_bytes=5_000)
    publish_all = feed.publish

    def publish_and_trim(client: Any, channel: str, entries: Any) -> int:
        return publish_all(client, channel, entries, keep=150)

    monkeypatch.setattr(feed, "publish", publish_and_trim)
    account(api, server, clients=10, messages=600)


def check_many_clients(api: Api, server: Server, clients: int, messages: int) -> None:
    command = [sys.executable, "-m", "tests.api.feed.many_clients", api.address, str(clients), str(messages)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for seq in range(1, messages + 1):
            publish(api, seq)
            if seq == messages // 2:
                server.stop()
                server.start()
            time.sleep(0.005)
        accounts = json.loads(process.stdout.readline())
    assert [received + lost for received, lost, _, _ in accounts] == [messages] * clients
    assert [wrong for _, _, wrong, _ in accounts] == [0] * clients
    connections = sum(each[3] for each in accounts)
    assert connections > clients, "no client ever reconnected"
    received, lost = sum(each[0] for each in accounts), sum(each[1] for each in accounts)
    sys.stdout.write(
        f"{clients:,} clients, {connections:,} connections: {received:,} received and {lost:,} announced as lost, "
    )
    sys.stdout.write(f"of {clients * messages:,}\n")


def test_many_clients_account_for_every_message(serve: Callable[..., Api], start_valkey: Any) -> None:
    server = start_valkey(durable=True)
    check_many_clients(serve_on_valkey(serve, server, ring_messages=100), server, clients=50, messages=300)


@pytest.mark.slow
def test_a_thousand_clients_account_for_every_message(serve: Callable[..., Api], start_valkey: Any) -> None:
    server = start_valkey(durable=True)
    check_many_clients(serve_on_valkey(serve, server, ring_messages=500), server, clients=1_000, messages=2_000)
