import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.__main__ import main
from flows.commands.up import _has_hooks
from flows.services.stack import commands_for
from store import feed
from store.postgres import connect
from store.redis_server import connect as connect_redis
from tests.flows.alerts.receiver import Receiver, is_signed, receiver
from tests.flows.alerts.running_service import has_started, publish, statuses
from tests.until import until


@pytest.fixture
def inbox() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


COMMAND = [sys.executable, "-m", "flows", "alerts"]
SECRET = "0123456789abcdef0123456789abcdef"


def desk(tmp_path: Path, inbox: Receiver) -> dict[str, str]:
    """The environment of a process that delivers to `inbox`."""
    file = tmp_path / "signalengine.toml"
    file.write_text(
        '[alerts]\nprivate_networks = ["127.0.0.0/8"]\n'
        '[[alerts.hooks]]\nname = "desk"\nurl_variable = "DESK_URL"\nsecret_variable = "DESK_SECRET"\n'
    )
    return os.environ | {"SIGNALENGINE_CONFIG": str(file), "DESK_URL": inbox.url, "DESK_SECRET": SECRET}


def test_it_delivers_until_sigterm(
    inbox: Receiver, database_url: str, clean_redis_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    environ = desk(tmp_path, inbox) | {"DATABASE_URL": database_url, "REDIS_URL": clean_redis_url}
    with (
        connect(database_url) as connection,
        connect_redis(clean_redis_url) as client,
        subprocess.Popen(COMMAND, env=environ, stderr=subprocess.PIPE, text=True) as process,
    ):
        try:
            until(lambda: has_started(connection))
            publish(client, 1)
            until(lambda: statuses(connection).get(1) == ("delivered", 1, 204))
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            assert process.stderr is not None
            assert SECRET not in process.stderr.read()
            assert feed.ends(client, "alerts") == (1, 1)
        finally:
            process.kill()
    (request,) = inbox.requests
    assert is_signed(request, SECRET.encode())
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert main(["alerts", "--status"]) == 0
    assert capsys.readouterr().out.split()[:3] == ["desk", "delivered", "1"]


def test_kill_9_loses_nothing_and_repeats_with_the_same_id(
    inbox: Receiver, database_url: str, clean_redis_url: str, tmp_path: Path
) -> None:
    environ = desk(tmp_path, inbox) | {"DATABASE_URL": database_url, "REDIS_URL": clean_redis_url}
    with connect(database_url) as connection, connect_redis(clean_redis_url) as client:
        inbox.proceed.clear()
        with subprocess.Popen(COMMAND, env=environ, stderr=subprocess.DEVNULL) as process:
            until(lambda: has_started(connection), 30)
            publish(client, 1, 2)
            until(lambda: len(inbox.requests) == 1)
            process.kill()
        inbox.proceed.set()
        publish(client, 3)
        with subprocess.Popen(COMMAND, env=environ, stderr=subprocess.DEVNULL) as process:
            try:
                until(lambda: [status for status, *_ in statuses(connection).values()] == ["delivered"] * 3, 30)
            finally:
                process.kill()
    ids = [(request.json["seq"], request.id) for request in inbox.requests]
    assert [seq for seq, _ in ids] == [1, 1, 2, 3]
    assert len(set(ids)) == 3
    assert all(is_signed(request, SECRET.encode()) for request in inbox.requests)


@pytest.fixture
def hooked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "signalengine.toml").write_text(
        '[[alerts.hooks]]\nname = "desk"\nurl = "https://desk.example/"\nsecret_variable = "DESK_SECRET"\n'
    )


def test_up_runs_it_if_there_are_hooks(hooked: None) -> None:
    assert _has_hooks({"DESK_SECRET": "0" * 32})
    assert "alerts" not in commands_for("sim")
    assert commands_for("sim", alerts=True)["alerts"] == [sys.executable, "-m", "flows", "alerts"]


def test_missing_secret_is_reported_before_anything_starts(hooked: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alerts"]) == 2
    assert capsys.readouterr().err == (
        "signalengine: environment variable DESK_SECRET of hook 'desk' of [alerts] is not set; set it\n"
    )


def test_without_hooks_it_refuses_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not _has_hooks({})
    assert main(["alerts"]) == 2
    assert "has no hooks" in capsys.readouterr().err
