"""Kept: compiled kernels, those of each file apart by the sources that they were made from.

numba looks only at the file in which a kernel stands. One that calls a kernel of another file, or reads a
constant of it, would go on running the old code after an edit there (seen with 0.68). So what is compiled of
a file is kept under a digest of that file and of all it imports of ours; an edit elsewhere changes nothing.
"""

import re
import shutil
from collections.abc import Iterator
from fcntl import LOCK_EX, flock
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numba
from numba import types
from numba.core.caching import CompileResultCacheImpl, FunctionCache, UserProvidedCacheLocator

_HOUSE = Path(__file__).parents[2]
_IMPORT = re.compile(
    r"^[ \t]*(?:from|import) +((?:domain|operators)\b[\w.]*)(?: +import +(\([^)]*\)|.*))?", re.MULTILINE
)

_config: Any = numba.config  # filled from the environment at import, which mypy cannot see
_given = _config.CACHE_DIR
KEPT = Path(_given) if _given else Path(__file__).parent / "__pycache__" / "compiled"
"""Where compiled kernels are kept: in `NUMBA_CACHE_DIR`, or beside the sources."""
_config.CACHE_DIR = str(KEPT)


def sources(path: Path) -> frozenset[Path]:
    """A file, and the files of `domain` and `operators` that it imports, by itself or by others."""
    found, ahead = {path}, [path]
    while ahead:
        more = _imported(ahead.pop()) - found
        found |= more
        ahead.extend(more)
    return frozenset(found)


@cache
def digest_of(path: Path) -> str:
    """The digest of a file and of all it imports of ours."""
    digest = blake2b(digest_size=8)
    for source in sorted(sources(path)):
        digest.update(_read(source))
    return digest.hexdigest()


@cache
def _imported(path: Path) -> frozenset[Path]:
    return frozenset(
        file
        for package, names in _IMPORT.findall(_read(path).decode())
        for module in _modules(package.split("."), re.findall(r"\w+", names))
        for file in (module.with_suffix(".py"), module / "__init__.py")
        if file.is_file()
    )


def _modules(package: list[str], names: list[str]) -> Iterator[Path]:
    """A package and those in which it lies, which are run before it; and what may be a module in it."""
    for depth in range(len(package)):
        yield _HOUSE.joinpath(*package[: depth + 1])
    for name in names:
        yield _HOUSE.joinpath(*package, name)


@cache
def _read(path: Path) -> bytes:
    return path.read_bytes()


class _BySources(UserProvidedCacheLocator):
    """A directory for each file and digest."""

    def __init__(self, py_func: Any, py_file: str) -> None:
        super().__init__(py_func, py_file)
        path = Path(py_file)
        directory = Path(self._cache_path, path.stem, digest_of(path))
        if not _given and not directory.exists():
            shutil.rmtree(directory.parent, ignore_errors=True)  # of older sources, which nobody will ask for again
        self._cache_path = str(directory)


class _Kept(CompileResultCacheImpl):
    _locator_classes = [_BySources, *CompileResultCacheImpl._locator_classes]  # noqa: RUF012, SLF001  # as numba has it


class KeptCode(FunctionCache):
    """The compiled code of a function, which several processes may add to at once.

    numba reads the index of a function, numbers its new code after it and writes it anew. Two processes
    that do so for two types of arguments could give both codes one number, and run one for the other.
    """

    _impl_class = _Kept

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        # Of a named tuple numba keeps the class by its name only, and the caller's file is not among our sources.
        return *super()._index_key(sig, codegen), tuple(_fields(sig))

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save the code for arguments of the types `sig`."""
        directory = Path(self.cache_path)
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / "lock").open("w") as lock:
            flock(lock, LOCK_EX)
            super().save_overload(sig, data)


def _fields(given: Any) -> Iterator[tuple[str, ...]]:
    """The names of the fields of all named tuples among types of arguments."""
    for each in given:
        if isinstance(each, types.BaseTuple):
            yield getattr(each, "fields", ())
            yield from _fields(each)
