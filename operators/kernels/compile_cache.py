"""Compile cache: a persistent cache of compiled kernels, keyed by a digest of their sources.

numba checks only the file that defines a kernel. A kernel that calls a kernel of another file, or reads a constant
of it, would keep running the old code after an edit there (seen with 0.68). The cache directory of a file is
therefore named after a digest of that file and of all files of `domain` and `operators` that it imports.
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

_ROOT = Path(__file__).parents[2]
_IMPORT = re.compile(
    r"^[ \t]*(?:from|import) +((?:domain|operators)\b[\w.]*)(?: +import +(\([^)]*\)|.*))?", re.MULTILINE
)

_config: Any = numba.config  # filled from the environment at import, which mypy cannot see
_configured = _config.CACHE_DIR
COMPILED = Path(_configured) if _configured else Path(__file__).parent / "__pycache__" / "compiled"
"""Cache directory of compiled kernels: `NUMBA_CACHE_DIR`, or a directory next to the sources."""
_config.CACHE_DIR = str(COMPILED)


def sources(path: Path) -> frozenset[Path]:
    """Return a file and the files of `domain` and `operators` that it imports, directly or indirectly."""
    found, ahead = {path}, [path]
    while ahead:
        more = _imported(ahead.pop()) - found
        found |= more
        ahead.extend(more)
    return frozenset(found)


@cache
def digest_of(path: Path) -> str:
    """Digest of the contents of `sources(path)`."""
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
    """Yield a package, its parents (which are imported first), and the names that may be modules in it."""
    for depth in range(len(package)):
        yield _ROOT.joinpath(*package[: depth + 1])
    for name in names:
        yield _ROOT.joinpath(*package, name)


@cache
def _read(path: Path) -> bytes:
    return path.read_bytes()


class _BySources(UserProvidedCacheLocator):
    """Locator with a directory per source file and digest."""

    def __init__(self, py_func: Any, py_file: str) -> None:
        super().__init__(py_func, py_file)
        path = Path(py_file)
        directory = Path(self._cache_path, path.stem, digest_of(path))
        if not _configured and not directory.exists():
            shutil.rmtree(directory.parent, ignore_errors=True)  # code of older sources is never used again
        self._cache_path = str(directory)


class _CacheImpl(CompileResultCacheImpl):
    _locator_classes = [_BySources, *CompileResultCacheImpl._locator_classes]  # noqa: RUF012, SLF001  # as numba has it


class CompileCache(FunctionCache):
    """Cache of the compiled code of a function, safe for concurrent writers.

    numba reads the index of a function, numbers the new code by it and rewrites the index. Two processes that do
    so for different argument types could use the same number, and later run one code in place of the other.
    """

    _impl_class = _CacheImpl

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        # numba identifies a named tuple by its class name only, and the file that defines it is not in the digest.
        return *super()._index_key(sig, codegen), tuple(_fields(sig))

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save the code for the argument types `sig`, under a lock."""
        directory = Path(self.cache_path)
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / "lock").open("w") as lock:
            flock(lock, LOCK_EX)
            super().save_overload(sig, data)


def _fields(given: Any) -> Iterator[tuple[str, ...]]:
    """Yield the field names of all named tuples among argument types."""
    for each in given:
        if isinstance(each, types.BaseTuple):
            yield getattr(each, "fields", ())
            yield from _fields(each)
