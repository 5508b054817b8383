"""Shared arithmetic: arrays in, arrays out.

`kernel` is the one decorator with the one set of compile flags:

- `error_model="numpy"`: division by zero gives inf or NaN, as numpy does, and does not raise;
- `nogil=True`: worker threads run kernels side by side;
- `cache=True`: compiled once per machine, into `NUMBA_CACHE_DIR` or beside the sources;
- no `fastmath`: NaN means "not warm" and must survive, and sums must not be reordered.
"""

import shutil
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numba

_ROOMS = Path(__file__).parents[1], Path(__file__).parents[2] / "domain"


def kernel(function: Callable[..., Any]) -> Any:
    """`function`, compiled on first use and cached."""
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)


def inlined(function: Callable[..., Any]) -> Any:
    """`function` as a part of each kernel that calls it.

    A kernel that is called was compiled by itself, for any argument. What is put in its caller is
    compiled with the caller's constants, so that a loop over a constant period becomes a few straight
    instructions. For what is short and stands in inner loops.
    """
    return numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")(function)


def _keep_apart() -> None:
    """Keep what was compiled from other sources apart.

    numba looks only at the file in which a kernel stands. One that calls a kernel of another file, or
    reads a constant of it, would go on running the old code after an edit there (seen with 0.68).
    """
    digest = blake2b(digest_size=8)
    for room in _ROOMS:
        for path in sorted(room.rglob("*.py")):
            digest.update(path.read_bytes())
    config: Any = numba.config  # filled from the environment at import, which mypy cannot see
    given = config.CACHE_DIR
    beside = Path(__file__).parent / "__pycache__" / "compiled"
    directory = (Path(given) if given else beside) / digest.hexdigest()
    if not given and not directory.exists():
        shutil.rmtree(beside, ignore_errors=True)  # of older sources, which nobody will ask for again
    config.CACHE_DIR = str(directory)


_keep_apart()
