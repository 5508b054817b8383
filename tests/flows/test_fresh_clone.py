"""From a fresh clone to rows in Postgres, with the two commands of the README."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest

from flows.services.exec_wrapper import NAMESPACE, wrapped_command
from flows.services.home import Home
from flows.services.shutdown import stop_recorded
from tests.until import until

ROOT = Path(__file__).parents[2]
READY = "signalengine is ready, venue sim (simulated)"
CONSOLE_SCRIPT = "#!{python}\nimport sys\nfrom flows.__main__ import main\nsys.exit(main())\n"


class Newcomer:
    """A clone of HEAD and an empty home for its data."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clone, self.home = folder, folder / "signalengine", Home(folder / "state" / "signalengine")
        self.prefix: list[str] = []
        ours = ("SIGNALENGINE_", "MAKE", "MFLAGS", "VIRTUAL_ENV", "PYTHON")
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(ours) and name[-4:] != "_URL"},
            "XDG_STATE_HOME": str(folder / "state"),
            "SIGNALENGINE_ENGINE_PORT": "0",
        }
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(self.clone)], check=True)

    def make(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run make in the clone, to its end."""
        command = [*self.prefix, "make", *arguments]
        done = subprocess.run(
            command, cwd=self.clone, env=self.environ, capture_output=True, text=True, check=False, timeout=1200
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def borrow_packages(self) -> None:
        """An environment as `make` leaves it, but with the packages of ours: nothing is downloaded."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=self.clone, check=True)
        environment = self.clone / ".venv"
        (packages,) = environment.glob("lib/python*/site-packages")
        (packages / "borrowed.pth").write_text(f"{self.clone}\n{sysconfig.get_path('purelib')}\n")
        script = environment / "bin" / "signalengine"
        script.write_text(CONSOLE_SCRIPT.format(python=environment / "bin" / "python"))
        script.chmod(0o755)
        for stamp in ("up.stamp", "dev.stamp"):
            (environment / stamp).touch()

    def close(self) -> None:
        """Stop all processes and delete all files."""
        stop_recorded(self.home, at_once=True)
        shutil.rmtree(self.folder)


@pytest.fixture
def newcomer() -> Iterator[Newcomer]:
    if not (ROOT / ".git").exists() or shutil.which("git") is None or shutil.which("make") is None:
        pytest.skip("not a git checkout, or no git and make: there is nothing to clone")
    newcomer = Newcomer(Path(tempfile.mkdtemp(prefix="se-")))
    yield newcomer
    newcomer.close()


def walk(newcomer: Newcomer) -> None:
    """The steps of the README, run twice."""
    output = newcomer.make("up", "ARGS=--detach --port 0").stdout
    assert READY in output.splitlines()
    instance = newcomer.home.instance()
    assert instance is not None
    assert instance.database_url is not None
    with urlopen(f"{instance.url}/readyz") as answer:
        assert json.load(answer) == {"status": "ready"}
    with psycopg.connect(instance.database_url, autocommit=True) as connection:
        until(lambda: connection.execute("SELECT count(*) FROM bars").fetchone() != (0,), within_s=600)
    assert (
        f"signalengine is already running in {newcomer.home.directory}" in newcomer.make("up", "ARGS=--detach").stdout
    )
    assert " passed" in newcomer.make("test", "ARGS=tests/domain").stdout
    assert "stopped: supervisor\n" in newcomer.make("down").stdout
    assert f"nothing is running in {newcomer.home.directory}\n" in newcomer.make("down").stdout


def test_clone_is_complete_and_root_is_not_needed(newcomer: Newcomer) -> None:
    newcomer.borrow_packages()
    nobody = wrapped_command([], run_as=NAMESPACE)
    if os.geteuid() == 0 and subprocess.run([*nobody, "true"], check=False, capture_output=True).returncode == 0:
        newcomer.prefix = nobody
    walk(newcomer)


@pytest.mark.slow
def test_two_commands_do_everything(newcomer: Newcomer) -> None:
    walk(newcomer)


@pytest.mark.slow
def test_interrupted_installation_is_restarted(newcomer: Newcomer) -> None:
    command = ["make", ".venv/up.stamp"]
    with subprocess.Popen(command, cwd=newcomer.clone, env=newcomer.environ, start_new_session=True) as cut:
        until(lambda: any(newcomer.clone.glob(".venv/lib/python*/site-packages/numpy")), within_s=600)
        os.killpg(cut.pid, 9)
    assert not (newcomer.clone / ".venv/up.stamp").exists()
    newcomer.make(".venv/up.stamp")
    done = subprocess.run([".venv/bin/python", "-m", "pip", "check"], cwd=newcomer.clone, check=False)
    assert done.returncode == 0
    version = [".venv/bin/signalengine", "--version"]
    assert subprocess.run(version, cwd=newcomer.clone, check=False).returncode == 0
