import asyncio
import time
from collections.abc import Callable
from random import Random
from typing import Any

import psutil

from tests.api.builders import emitted
from tests.api.conftest import Api, receive
from tests.api.feed import test_fanout
from tests.api.feed.test_fanout import AT, Clock, make_hub, subscribed
from tests.api.feed_schema import validated
from tests.api.raw_client import RawClient, raw_client
from tests.until import until


def receive_type(websocket: Any, kind: str) -> dict[str, Any]:
    message: dict[str, Any] = {}
    while message.get("type") != kind:
        message = validated(websocket.recv(20))
    return message


def test_idle_clients_receive_keepalives_with_the_heads(serve: Callable[..., Api]) -> None:
    api = serve(keepalive_s=0.2)
    with api.websocket() as websocket:
        api.publish([emitted(1)])
        assert receive(websocket)["seq"] == 1
        keepalive = receive_type(websocket, "keepalive")
        assert (keepalive["heads"]["signals"], keepalive["epoch"]) == (1, api.resources.hub.epoch)
        began = time.monotonic()
        receive_type(websocket, "keepalive")
        assert time.monotonic() - began > 0.1


def test_all_clients_receive_the_status(serve: Callable[..., Api]) -> None:
    api = serve(status_s=0.2)
    with api.websocket() as one, api.websocket() as other:
        api.publish([emitted(1)])
        api.wait_for_ring()
        for websocket in (one, other):
            receive(websocket)
            receive_type(websocket, "status")
            data = receive_type(websocket, "status")["data"]
            assert data["connected_clients"] == 2
            assert data["metrics"]["signals_generated_total"] == 1
            assert data["metrics"]["system_memory_bytes"] > 1e6
            assert set(data["metrics"]) >= {"uptime_seconds", "system_cpu_percent", "system_threads"}


def account(client: RawClient, last: int) -> tuple[list[int], list[int], list[dict[str, Any]]]:
    """Seqs received, seqs announced as missing, and the gaps, up to `last`."""
    received: list[int] = []
    missing: list[int] = []
    gaps: list[dict[str, Any]] = []
    for message in client.messages():
        if message.get("type") == "gap":
            gaps.append(message)
            missing += range(message["from"], message["to"] + 1)
        elif message.get("type") == "signal":
            received.append(message["seq"])
            if received[-1] == last:
                break
    return received, missing, gaps


def test_a_slow_client_delays_no_other_uses_little_memory_and_receives_a_gap(serve: Callable[..., Api]) -> None:
    api = serve(ring_messages=300)
    count, burst = 6_000, 100
    with raw_client(api.address) as slow, api.websocket() as fast:
        until(lambda: len(api.resources.hub.clients) == 2)
        before = psutil.Process().memory_info().rss
        for begin in range(0, count, burst):
            published = api.publish([emitted(number) for number in range(begin, begin + burst)])
            assert [receive(fast)["seq"] for _ in published] == published
        assert psutil.Process().memory_info().rss - before < 8_000_000
        received, missing, gaps = account(slow, count)
    assert sorted(received + missing) == list(range(1, count + 1))
    assert received == sorted(received)
    assert {gap["reason"] for gap in gaps} == {"slow_consumer"}
    assert len(gaps) == 1
    assert len(received) < 1_000
    assert all(gap["backfill"].startswith("/api/v1/signals?limit=1000&since=2026-11-20T") for gap in gaps)


def test_the_backfill_link_of_a_gap_returns_the_missed_signals(serve: Callable[..., Api]) -> None:
    api = serve(ring_messages=50)
    rows = [emitted(number) for number in range(1, 1001)]
    with raw_client(api.address) as slow:
        until(lambda: api.resources.hub.clients)
        api.write(rows)
        for begin in range(0, 1000, 50):
            api.publish(rows[begin : begin + 50])
            api.wait_for_ring()
        _, missing, gaps = account(slow, 1000)
    fetched = {
        row["id"] for gap in gaps for response in api.pages(gap["backfill"]) for row in response.json()["signals"]
    }
    assert missing
    assert {rows[seq - 1].id for seq in missing} <= fetched


def flood(api: Api) -> None:
    """Publish more than the buffers of one connection can take."""
    api.publish([emitted(number) for number in range(400)])
    api.wait_for_ring()


def test_a_stuck_client_is_closed_with_a_code(serve: Callable[..., Api]) -> None:
    api = serve(stuck_s=1.5)
    with raw_client(api.address) as stuck:
        until(lambda: api.resources.hub.clients)
        flood(api)
        (client,) = api.resources.hub.clients
        until(lambda: client.closing is not None)
        *_, last = stuck.messages()
    assert last == {"close": 4408}
    until(lambda: not api.resources.hub.clients)


def test_a_client_that_stays_stuck_is_aborted(serve: Callable[..., Api]) -> None:
    api = serve(stuck_s=0.3)
    with raw_client(api.address):
        until(lambda: api.resources.hub.clients)
        flood(api)
        until(lambda: not api.resources.hub.clients)


def test_keepalives_of_a_paced_client_have_no_heads_while_messages_wait() -> None:
    async def scenario() -> None:
        clock = Clock()
        hub = make_hub(clock=clock)
        paced, unpaced = subscribed(hub, min_interval_ms=60_000), subscribed(hub)
        for seq in (1, 2):
            hub.publish([test_fanout.message("signals", seq)])
            await asyncio.sleep(0)
        clock.now_s = 2 * hub.settings.keepalive_s
        await hub.sweep(clock.now_s, AT)
        assert [one.get("heads", one.get("seq")) for one in unpaced.take()] == [1, 2, {"signals": 2, "alerts": 0}]
        assert [one.get("heads", one.get("seq")) for one in paced.take()] == [1, {}]

    asyncio.run(scenario())


def test_reconnect_delays_are_spread_over_clients() -> None:
    async def scenario() -> list[int]:
        hub = make_hub()
        sinks = [subscribed(hub) for _ in range(200)]
        hub.announce_shutdown(Random(7))
        return [message["reconnect_after_ms"] for sink in sinks for message in sink.take()]

    times_ms = asyncio.run(scenario())
    assert len(times_ms) == 200
    assert 500 <= min(times_ms) < 1_000 < 4_500 < max(times_ms) <= 5_000
    assert len(set(times_ms)) > 150
