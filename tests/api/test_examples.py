"""The example client against a running API, and the code blocks of the README, run unchanged."""

import asyncio
import json
import re
import shutil
import signal as signals
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.rest.schemas import schemas
from examples.client import Client, Gap, Message, Position, RefusedError, Signal
from store import api_keys
from tests.api.builders import emitted, signal
from tests.api.conftest import Api
from tests.api.security.keys import REQUIRED, make_key
from tests.until import until

README = Path(__file__).parents[2] / "README.md"
Serve = Callable[..., Api]


async def receive(stream: AsyncGenerator[Message | Gap, None], count: int) -> list[Message | Gap]:
    async with asyncio.timeout(20):
        return [await anext(stream) for _ in range(count)]


def drop_connections(api: Api) -> None:
    for connection in list(api.server.server_state.connections):
        api.server.servers[0].get_loop().call_soon_threadsafe(connection.transport.abort)


def test_a_list_is_read_page_by_page_to_the_end(api: Api) -> None:
    rows = [signal(number) for number in range(25)]
    api.write(rows)
    client = Client(f"http://{api.address}")
    listed = list(client.signals(limit=4, status="all"))
    assert [each.id for each in listed] == [row.id for row in reversed(rows)]
    assert isinstance(listed[0], Signal)
    longs = list(client.signals(limit=1000, direction="long", mtf_aligned=True, since=rows[3].detected_at))
    expected = [row for row in rows[3:] if row.direction == "long" and row.mtf_aligned and row.status == "emitted"]
    assert {each.id for each in longs} == {row.id for row in expected}
    with pytest.raises(RefusedError, match=r"invalid_parameter: .*nmae"):
        client.get("/api/v1/signals", nmae="x")


def test_a_channel_resumes_on_another_server(serve: Serve) -> None:
    """Each message arrives once and in order, including those published while no client was connected."""
    first = serve()
    until(lambda: first.resources.tail.connected)

    async def follow() -> list[Message | Gap]:
        begin = Position(first.resources.hub.epoch, 0)
        stream = Client(f"http://{first.address}").follow("signals", since=begin, symbols=["BTCUSDT"])
        rows = [emitted(number, symbol=("BTCUSDT", "ETHUSDT")[number % 2]) for number in range(8)]
        await asyncio.to_thread(first.publish, rows[:4])
        received = await receive(stream, 2)
        await stream.aclose()
        await asyncio.to_thread(first.publish, rows[4:])
        last = received[-1]
        assert isinstance(last, Message)
        second = await asyncio.to_thread(serve)
        again = Client(f"http://{second.address}").follow("signals", since=last.position, symbols=["BTCUSDT"])
        return received + await receive(again, 2)

    received = asyncio.run(follow())
    assert [one.position.seq for one in received if isinstance(one, Message)] == [1, 3, 5, 7]
    assert isinstance(received[0], Message)
    assert received[0].signal.symbol == "BTCUSDT"


def test_after_a_lost_connection_nothing_is_missed(api: Api) -> None:
    async def follow() -> list[Message | Gap]:
        stream = Client(f"http://{api.address}").follow("signals", since=Position(api.resources.hub.epoch, 0))
        await asyncio.to_thread(api.publish, [emitted(1)])
        received = await receive(stream, 1)
        drop_connections(api)
        await asyncio.to_thread(api.publish, [emitted(2), emitted(3)])
        return received + await receive(stream, 2)

    assert [one.position.seq for one in asyncio.run(follow()) if isinstance(one, Message)] == [1, 2, 3]


def test_messages_no_longer_available_are_a_gap_with_a_backfill(api: Api) -> None:
    missed = [emitted(number) for number in range(1, 6)]
    api.write(missed)

    async def follow() -> list[Message | Gap]:
        stream = Client(f"http://{api.address}").follow("signals", since=Position("an earlier epoch", 7))
        first = await receive(stream, 1)
        await asyncio.to_thread(api.publish, [emitted(1)])
        return first + await receive(stream, 1)

    gap, message = asyncio.run(follow())
    assert isinstance(gap, Gap)
    assert gap == Gap(Position(api.resources.hub.epoch, 0), "epoch_changed", gap.backfill)
    assert gap.backfill is not None
    pages = list(Client(f"http://{api.address}").pages(gap.backfill))
    assert [row["id"] for page in pages for row in page["signals"]] == [row.id for row in reversed(missed)]
    assert isinstance(message, Message)
    assert message.position.seq == 1


def test_the_client_signal_matches_the_openapi_schema(api: Api) -> None:
    """Field by field, including which may be null."""
    _, client = schemas([Signal])
    documented = api.get("/openapi.json")["components"]["schemas"]["Signal"]
    undescribed = {
        name: {key: value for key, value in documented["properties"][name].items() if key != "description"}
        for name in client["Signal"]["properties"]
    }
    assert client["Signal"]["properties"] == undescribed
    assert set(client["Signal"]["required"]) <= set(documented["required"])


def test_the_key_is_sent_and_a_revoked_key_ends_the_stream(serve: Serve) -> None:
    api = serve(security=REQUIRED)
    until(lambda: api.resources.tail.connected)
    with pytest.raises(RefusedError, match="unauthenticated"):
        Client(f"http://{api.address}").get("/api/v1/signals")
    with pytest.raises(RefusedError, match="unauthenticated"):
        asyncio.run(receive(Client(f"http://{api.address}").follow(), 1))
    text, key = make_key(api.connection)
    until(lambda: api.resources.access.keys.contains(key.id))
    client = Client(f"http://{api.address}", key=text)
    assert client.get("/api/v1/signals", limit=1)["signals"] == []

    async def follow() -> None:
        waiting = asyncio.create_task(receive(client.follow(), 1))
        await asyncio.to_thread(until, lambda: api.resources.hub.clients)
        api_keys.revoke(api.connection, key.id, at=datetime.now(UTC), actor="test")
        await waiting

    with pytest.raises(RefusedError, match=r"4401|unauthenticated"):
        asyncio.run(follow())


def example(language: str) -> str:
    """The code block of the README in this language."""
    (code,) = re.findall(rf"```{language}\n((?!#).*?)```", README.read_text(), re.DOTALL)
    return str(code)


def follow(*arguments: str, **environ: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "examples.follow", *arguments]
    environ |= {"PYTHONPATH": str(README.parent)}
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_program_prints_recent_and_new_signals_until_it_is_stopped(api: Api) -> None:
    api.publish([emitted(1), emitted(2)])
    api.wait_for_ring()
    with follow(f"http://{api.address}", "--symbol", "SOLUSDT", "--symbol", "ETHUSDT") as program:
        assert program.stdout is not None
        assert program.stderr is not None
        assert program.stdout.readline() == "2026-11-20 12:01Z  0.10  The close broke the range. (simulated)\n"
        assert program.stdout.readline() == "2026-11-20 12:02Z  0.20  The close broke the range.\n"
        api.publish([emitted(3), emitted(4)])
        assert program.stdout.readline().startswith("2026-11-20 12:04Z  0.40")
        program.send_signal(signals.SIGINT)
        assert program.wait(20) == 130
        assert program.stderr.read() == ""


def test_the_program_reports_errors_in_one_line(serve: Serve) -> None:
    secured = serve(security=REQUIRED)
    errors = {
        (f"http://{secured.address}", "--min-confidence", "0.5"): "unauthenticated: ",
        ("127.0.0.1:8000",): "'127.0.0.1:8000' is not a URL; use one such as http://127.0.0.1:8000",
        ("http://127.0.0.1:1",): "Connection refused",
    }
    running = {follow(*arguments): expected for arguments, expected in errors.items()}
    for program, expected in running.items():
        output, error = program.communicate(timeout=20)
        assert (program.returncode, output, error.count("\n")) == (2, "", 1)
        assert error.startswith("python -m examples.follow: ")
        assert expected in error


def test_the_python_example_of_the_readme_lists_and_follows(api: Api, tmp_path: Path) -> None:
    api.write([emitted(3)])
    program = tmp_path / "example.py"
    program.write_text(example("python").replace("http://127.0.0.1:8000", f"http://{api.address}"))
    command, environ = [sys.executable, str(program)], {"PYTHONPATH": str(README.parent)}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert emitted(3).reason in process.stdout.readline()
            until(lambda: [client for client in api.resources.hub.clients if not client.uses_default_channels])
            api.publish([emitted(6)])
            assert emitted(6).reason in process.stdout.readline()
        finally:
            process.kill()


@pytest.mark.parametrize("secured", [False, True])
def test_the_javascript_example_of_the_readme_lists_and_follows(serve: Serve, tmp_path: Path, secured: bool) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed; it is needed to run the JavaScript example")
    api = serve(**({"security": REQUIRED} if secured else {}))
    until(lambda: api.resources.tail.connected)
    api.write([emitted(3)])
    text, key = make_key(api.connection)
    if secured:
        until(lambda: api.resources.access.keys.contains(key.id))
    program = tmp_path / "example.mjs"
    program.write_text(example("js").replace("http://127.0.0.1:8000", f"http://{api.address}"))
    version = int(
        subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout[1:].split(".")[0]
    )
    options = ["--experimental-websocket"] if version < 22 else []  # browsers always have it
    environ = {"KEY": text} if secured else {}
    with subprocess.Popen([node, *options, str(program)], env=environ, stdout=subprocess.PIPE, text=True) as process:
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["id"] == emitted(3).id
            until(lambda: [client for client in api.resources.hub.clients if not client.uses_default_channels])
            api.publish([emitted(2)])
            assert json.loads(process.stdout.readline())["data"]["id"] == emitted(2).id
            drop_connections(api)
            api.publish([emitted(4), emitted(5)])
            received = [json.loads(process.stdout.readline())["data"]["id"] for _ in range(2)]
            assert received == [emitted(4).id, emitted(5).id]
        finally:
            watchdog.cancel()
            process.kill()
