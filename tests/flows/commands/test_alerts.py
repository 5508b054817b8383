import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.__main__ import main
from flows.commands.up import _somebody_to_tell
from flows.services.stack import commands_for
from store import feed
from store.postgres import connect
from store.redis_server import connect as connect_redis
from tests.flows.alerts.receiver import Receiver, receiver, verified
from tests.flows.alerts.test_service import began, publish, statuses, until


@pytest.fixture
def inbox() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


def test_it_tells_until_it_is_told_to_stop(
    inbox: Receiver, database_url: str, clean_redis_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    file = tmp_path / "signalengine.toml"
    file.write_text(
        '[alerts]\nprivate_networks = ["127.0.0.0/8"]\n'
        '[[alerts.hooks]]\nname = "desk"\nurl_variable = "DESK_URL"\nsecret_variable = "DESK_SECRET"\n'
    )
    secret = "0123456789abcdef0123456789abcdef"
    environ = os.environ | {
        "SIGNALENGINE_CONFIG": str(file),
        "DATABASE_URL": database_url,
        "REDIS_URL": clean_redis_url,
        "DESK_URL": inbox.url,
        "DESK_SECRET": secret,
    }
    command = [sys.executable, "-m", "flows", "alerts"]
    with (
        connect(database_url) as connection,
        connect_redis(clean_redis_url) as client,
        subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process,
    ):
        try:
            until(lambda: began(connection))
            publish(client, 1)
            until(lambda: statuses(connection).get(1) == ("delivered", 1, 204))
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            assert process.stderr is not None
            assert secret not in process.stderr.read()
            assert feed.ends(client, "alerts") == (1, 1)
        finally:
            process.kill()
    (got,) = inbox.got
    assert verified(got, secret.encode())
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert main(["alerts", "--status"]) == 0
    assert capsys.readouterr().out.split()[:3] == ["desk", "delivered", "1"]


@pytest.fixture
def hooked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "signalengine.toml").write_text(
        '[[alerts.hooks]]\nname = "desk"\nurl = "https://desk.example/"\nsecret_variable = "DESK_SECRET"\n'
    )


def test_up_runs_it_if_there_is_somebody_to_tell(hooked: None) -> None:
    assert _somebody_to_tell({"DESK_SECRET": "0" * 32})
    assert "alerts" not in commands_for("sim")
    assert commands_for("sim", alerts=True)["alerts"] == [sys.executable, "-m", "flows", "alerts"]


def test_missing_secret_is_said_before_anything_starts(hooked: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alerts"]) == 2
    assert (
        capsys.readouterr().err == "signalengine: DESK_SECRET is not set, which hook 'desk' of [alerts] names; set it\n"
    )


def test_without_hooks_there_is_nobody_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not _somebody_to_tell({})
    assert main(["alerts"]) == 2
    assert "names no hook" in capsys.readouterr().err
