"""The import contracts of .importlinter hold, and violations are detected."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.checkout import PACKAGES, ROOT

VIOLATIONS = {
    "domain/violating.py": "import store",
    "operators/violating.py": "import psycopg",
    "store/violating.py": "import operators",
    "flows/violating.py": "import api",
    "api/violating.py": "import operators",
    "api/violating_engine.py": "import bytewax",
}


def lint(checkout: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-cache", "--config", ".importlinter"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


def test_packages_keep_the_import_contracts() -> None:
    completed = lint(ROOT)
    assert completed.returncode == 0, completed.stdout + completed.stderr


@pytest.fixture
def checkout_copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def test_violations_are_detected(checkout_copy: Path) -> None:
    for path, statement in VIOLATIONS.items():
        (checkout_copy / path).write_text(f'"""Violates a contract."""\n\n{statement}\n')
    completed = lint(checkout_copy)
    assert completed.returncode == 1
    for path, statement in VIOLATIONS.items():
        module, imported = path.removesuffix(".py").replace("/", "."), statement.removeprefix("import ")
        assert f"{module} -> {imported}" in completed.stdout, (
            f"not detected: {statement!r} in {path}\n{completed.stdout}"
        )
