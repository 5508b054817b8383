"""Shared numerical kernels: pure functions of arrays, compiled by numba.

`kernel` is the only decorator, with one set of compile flags:

- `error_model="numpy"`: division by zero gives inf or NaN, as numpy does, and does not raise;
- `nogil=True`: worker threads run kernels in parallel;
- cached: compiled once per machine, see `operators.kernels.compile_cache`;
- `no_cfunc_wrapper=True`: kernels are never called from C, and each wrapper takes time to compile;
- no `fastmath`: NaN means "not warm" and must survive, and sums must not be reordered.
"""

from collections.abc import Callable
from typing import Any

import numba

from operators.kernels.compile_cache import CompileCache

_FLAGS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` on first use, with a persistent cache."""
    return _compiled(function)


def inlined(function: Callable[..., Any]) -> Any:
    """Inline `function` into each kernel that calls it.

    A kernel that is called is compiled separately, for arbitrary arguments. An inlined one is compiled with the
    constants of its caller, so that a loop over a constant period is unrolled. Use it for short functions in
    inner loops.
    """
    return _compiled(function, inline="always")


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    dispatcher: Any = numba.njit(**_FLAGS, **options)(function)
    dispatcher._cache = CompileCache(function)  # noqa: SLF001  # where `cache=True` puts one
    return dispatcher
