"""The process: how `python -m api` starts, stops, and reports a wrong set-up."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.api.conftest import receive
from tests.until import until

BASE_ENVIRON = {
    name: value for name, value in os.environ.items() if not name.startswith(("SIGNALENGINE_", "DATABASE_", "REDIS_"))
}
COMMAND = [sys.executable, "-m", "api"]


@contextmanager
def running(**environ: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address, once it answers."""
    with subprocess.Popen(COMMAND, env=BASE_ENVIRON | environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            lines = iter(process.stderr.readline, "")
            match = next(match for line in lines if (match := re.search(r"url=http://(\S+)", line)))
            until(lambda: is_alive(match[1]))
            yield process, match[1]
        finally:
            process.kill()


def is_alive(address: str) -> bool:
    try:
        return httpx2.get(f"http://{address}/livez").status_code == 200
    except httpx2.TransportError:
        return False


def test_sigterm_notifies_clients_and_stops(database_url: str, clean_redis_url: str) -> None:
    services = {"DATABASE_URL": database_url, "REDIS_URL": clean_redis_url, "SIGNALENGINE_API_PORT": "0"}
    with running(**services) as (process, address):
        until(lambda: httpx2.get(f"http://{address}/readyz").status_code == 200)
        with connect(f"ws://{address}/ws/feed", proxy=None) as websocket:
            assert receive(websocket)["type"] == "connected"
            process.send_signal(signal.SIGTERM)
            notice = receive(websocket)
            assert notice["type"] == "going_away"
            assert 0 < notice["reconnect_after_ms"] <= 5000
            with pytest.raises(ConnectionClosed) as closed:
                websocket.recv(20)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
        assert process.wait(20) == 0


def test_it_starts_without_its_services_and_logs_no_password() -> None:
    unreachable = {"DATABASE_URL": "postgresql://nobody:hunter2@127.0.0.1:9/none", "REDIS_URL": "redis://127.0.0.1:9/0"}
    with running(**unreachable, SIGNALENGINE_API_PORT="0") as (process, address):
        assert httpx2.get(f"http://{address}/readyz").status_code == 503
        process.terminate()
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert "hunter2" not in process.stderr.read()


def setup_error(*arguments: str, **environ: str) -> str:
    """The one line on stderr of a process that ends with status 2."""
    result = subprocess.run(
        [*COMMAND, *arguments], env=BASE_ENVIRON | environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    return line


SERVICES = {"DATABASE_URL": "postgresql://127.0.0.1:9/none", "REDIS_URL": "redis://127.0.0.1:9/0"}


def test_a_wrong_set_up_is_one_line_that_names_thing_value_and_way_out() -> None:
    assert "DATABASE_URL is not set; set it, or run 'signalengine up'" in setup_error(REDIS_URL="redis://127.0.0.1")
    assert "REDIS_URL is not set" in setup_error(DATABASE_URL="postgresql://127.0.0.1/none")
    line = setup_error(**SERVICES, SIGNALENGINE_API_HOST="0.0.0.0")
    assert "host='0.0.0.0' of [api] is not a loopback address" in line
    assert "SIGNALENGINE_API_PROT is unknown; did you mean SIGNALENGINE_API_PORT?" in setup_error(
        **SERVICES, SIGNALENGINE_API_PROT="1"
    )
    assert "SIGNALENGINE_API_PORT='70000'" in setup_error(**SERVICES, SIGNALENGINE_API_PORT="70000")
    assert "address of Redis is invalid" in setup_error(DATABASE_URL=SERVICES["DATABASE_URL"], REDIS_URL="nonsense://x")
    with socket.create_server(("127.0.0.1", 0)) as in_use:
        port = str(in_use.getsockname()[1])
        assert f"cannot listen on 127.0.0.1:{port}" in setup_error(**SERVICES, SIGNALENGINE_API_PORT=port)


def test_check_validates_the_settings_and_exits() -> None:
    result = subprocess.run(
        [*COMMAND, "--check"], env=BASE_ENVIRON | SERVICES, capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert "is not a loopback address" in setup_error("--check", **SERVICES, SIGNALENGINE_API_HOST="10.0.0.1")


def test_a_single_process_stops_gracefully_on_sighup(database_url: str, clean_redis_url: str) -> None:
    services = {"DATABASE_URL": database_url, "REDIS_URL": clean_redis_url, "SIGNALENGINE_API_PORT": "0"}
    with running(**services) as (process, address), connect(f"ws://{address}/ws/feed", proxy=None) as websocket:
        assert receive(websocket)["type"] == "connected"
        process.send_signal(signal.SIGHUP)
        assert receive(websocket)["type"] == "going_away"
        with pytest.raises(ConnectionClosed):
            websocket.recv(20)
        assert process.wait(20) == 0
