"""Who may import whom: the contracts of .importlinter hold, and they notice when they do not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.checkout import ROOMS, ROOT

TRESPASSES = {
    "domain/planted.py": "import store",
    "operators/planted.py": "import psycopg",
    "store/planted.py": "import operators",
    "flows/planted.py": "import api",
    "api/planted.py": "import operators",
    "api/planted_engine.py": "import bytewax",
}


def lint(checkout: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-cache", "--config", ".importlinter"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


def test_every_room_keeps_to_its_storey() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def test_trespasses_are_caught(copied: Path) -> None:
    for path, trespass in TRESPASSES.items():
        (copied / path).write_text(f'"""Planted."""\n\n{trespass}\n')
    done = lint(copied)
    assert done.returncode == 1
    for path, trespass in TRESPASSES.items():
        module, imported = path.removesuffix(".py").replace("/", "."), trespass.removeprefix("import ")
        assert f"{module} -> {imported}" in done.stdout, f"nobody noticed {trespass!r} in {path}\n{done.stdout}"
