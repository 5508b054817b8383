"""Compile cache: code is reused exactly while all of its sources are unchanged."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from operators.kernels.compile_cache import sources
from tests.house.checkout import ROOT

PACKAGES = "domain", "operators"
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

DOUBLE = """
from operators.kernels import kernel

@kernel
def double(number):
    return number + number
"""


CALLS = """
from operators import doubled
from operators.kernels import kernel

@kernel
def less(pairs):
    return doubled.double(pairs[0].large) - pairs[0].small
"""

PAIR = """
from typing import NamedTuple

class Pair(NamedTuple):
    {fields}
"""

ASKS = """
from operators.less import less
from pair import Pair

print(less((Pair(large=5, small=3),)), sum(less.stats.cache_misses.values()))
"""


def python(code: str, house: Path, cache: str, path: Path) -> "subprocess.Popen[str]":
    environ = {**os.environ, "NUMBA_CACHE_DIR": cache, "PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen([sys.executable, "-c", code], cwd=house, env=environ, stdout=subprocess.PIPE, text=True)


def imported(path: Path) -> Iterator[str]:
    """Names of modules, and of what may be modules, that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, path
            yield from (node.module or "", *(f"{node.module}.{name.name}" for name in node.names))
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def test_sources_of_a_file_are_closed_under_import() -> None:
    files = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}
    for path in FILES:
        wanted = {files[name] for name in imported(path) if name in files}
        assert wanted | {path} <= sources(path), path
        assert all(sources(each) <= sources(path) for each in wanted), path


def test_kernels_depend_on_few_files() -> None:
    assert max(len(sources(path)) for path in FILES if path.parent.name == "features") < len(FILES) / 4


def asked(house: Path, fields: str = "large: int; small: int") -> list[str]:
    (house / "pair.py").write_text(PAIR.format(fields=fields))
    with python(ASKS, house, "", house) as process:
        return process.communicate()[0].split()


def test_change_recompiles_only_the_kernels_that_depend_on_it(tmp_path: Path) -> None:
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "operators" / "kernels").mkdir()
    for name in ("__init__.py", "compile_cache.py"):
        (tmp_path / "operators" / "kernels" / name).write_bytes((ROOT / "operators" / "kernels" / name).read_bytes())
    (tmp_path / "operators" / "less.py").write_text(CALLS)
    doubled = tmp_path / "operators" / "doubled.py"
    doubled.write_text(DOUBLE)
    assert asked(tmp_path) == ["7", "1"]
    assert asked(tmp_path) == ["7", "0"]
    (tmp_path / "operators" / "other.py").write_text(CALLS)
    assert asked(tmp_path) == ["7", "0"]
    assert asked(tmp_path, "small: int; large: int") == ["7", "1"]
    doubled.write_text(DOUBLE.replace("number + number", "number + number + 1"))
    assert asked(tmp_path) == ["8", "1"]
    assert asked(tmp_path) == ["8", "0"]


def test_concurrent_compilations_are_both_cached(tmp_path: Path) -> None:
    (tmp_path / "doubled.py").write_text(DOUBLE)
    place = ROOT, str(tmp_path / "cache"), tmp_path
    several = [python(f"from doubled import double; double({number})", *place) for number in ("1", "1.5")]
    for process in several:
        process.communicate()
    assert [process.returncode for process in several] == [0, 0]
    code = "from doubled import double; print(double(2), double(2.5), sum(double.stats.cache_misses.values()))"
    with python(code, *place) as process:
        assert process.communicate()[0].split() == ["4", "5.0", "0"]
