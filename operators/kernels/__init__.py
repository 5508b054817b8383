"""Shared arithmetic: arrays in, arrays out.

`kernel` is the one decorator with the one set of compile flags:

- `error_model="numpy"`: division by zero gives inf or NaN, as numpy does, and does not raise;
- `nogil=True`: worker threads run kernels side by side;
- kept: compiled once per machine, see `operators.kernels.kept`;
- `no_cfunc_wrapper=True`: nobody calls a kernel from C, and each wrapper takes its time to compile;
- no `fastmath`: NaN means "not warm" and must survive, and sums must not be reordered.
"""

from collections.abc import Callable
from typing import Any

import numba

from operators.kernels.kept import KeptCode

_FLAGS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def kernel(function: Callable[..., Any]) -> Any:
    """`function`, compiled on first use and cached."""
    return _compiled(function)


def inlined(function: Callable[..., Any]) -> Any:
    """`function` as a part of each kernel that calls it.

    A kernel that is called was compiled by itself, for any argument. What is put in its caller is
    compiled with the caller's constants, so that a loop over a constant period becomes a few straight
    instructions. For what is short and stands in inner loops.
    """
    return _compiled(function, inline="always")


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    dispatcher: Any = numba.njit(**_FLAGS, **options)(function)
    dispatcher._cache = KeptCode(function)  # noqa: SLF001  # where `cache=True` puts one
    return dispatcher
