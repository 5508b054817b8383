"""A home directory is private, holds all files of an instance, and keeps foreign files when it is cleared."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from domain.errors import SettingError
from flows.services.home import Home, Instance, home_of
from flows.services.settings import ServiceSettings

INSTANCE = Instance(url="http://127.0.0.1:8000", metrics_url="http://127.0.0.1:9100/metrics", venue="sim", ready=True)


@pytest.mark.parametrize(
    ("settings", "environ", "directory"),
    [
        (ServiceSettings(directory="/srv/se"), {"XDG_STATE_HOME": "/state"}, Path("/srv/se")),
        (ServiceSettings(), {"XDG_STATE_HOME": "/state"}, Path("/state/signalengine")),
        (ServiceSettings(), {}, Path.home() / ".local/state/signalengine"),
        (ServiceSettings(directory="~/se"), {}, Path.home() / "se"),
    ],
)
def test_setting_takes_precedence_over_the_default_directory(
    settings: ServiceSettings, environ: dict[str, str], directory: Path
) -> None:
    assert home_of(settings, environ).directory == directory


def test_directory_is_private(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    home.create()
    assert {path.stat().st_mode & 0o077 for path in (home.directory, home.sockets, home.logs)} == {0}


def test_socket_path_stays_short(tmp_path: Path) -> None:
    short, long = Home(Path("/srv/se")), Home(tmp_path / ("deep" * 30))
    assert short.sockets == Path("/srv/se/run")
    assert Home(Path("/srv/a,b")).sockets.parent == long.sockets.parent
    assert len(os.fsencode(long.sockets / ".s.PGSQL.5432")) < 104
    assert long.sockets == Home(long.directory).sockets != Home(tmp_path / ("deep" * 31)).sockets
    long.create()
    assert long.sockets.is_dir()
    long.clear()
    assert not long.sockets.exists()


def test_unusable_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingError) as caught:
        Home(tmp_path / "file" / "home").create()
    assert str(caught.value) == (
        f"directory '{tmp_path}/file/home' cannot be used (Not a directory); "
        f"set SIGNALENGINE_SERVICES_DIRECTORY to another"
    )


def test_instance_record_is_atomic_and_round_trips(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    assert home.instance() is None
    home.write_instance(INSTANCE)
    assert home.instance() == INSTANCE
    assert home.recorded_names() == []
    home.record("instance").write_bytes(b"{")
    assert home.instance() is None


def test_lock_is_exclusive_and_released_with_its_process(tmp_path: Path) -> None:
    home = Home(tmp_path)
    hold = (
        "import sys, time; from pathlib import Path; from flows.services.home import Home\n"
        "with Home(Path(sys.argv[1])).locked() as mine: print(mine, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", hold, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        with home.locked() as mine:
            assert not mine
        holder.kill()
        holder.wait()
        with home.locked() as mine:
            assert mine


def test_clear_deletes_only_files_of_the_instance(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    for name in (
        "postgres/data/PG_VERSION",
        "valkey/appendonlydir/x",
        "recovery/part-0.sqlite3",
        "logs/engine.log",
        "diary.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    home.clear()
    home.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]
