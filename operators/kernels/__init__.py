"""Shared arithmetic: arrays in, arrays out.

`kernel` is the one decorator with the one set of compile flags:

- `error_model="numpy"`: division by zero gives inf or NaN, as numpy does, and does not raise;
- `nogil=True`: worker threads run kernels side by side;
- `cache=True`: compiled once per machine, into `NUMBA_CACHE_DIR` or beside the source;
- no `fastmath`: NaN means "not warm" and must survive, and sums must not be reordered.
"""

from collections.abc import Callable
from typing import Any

import numba


def kernel(function: Callable[..., Any]) -> Any:
    """`function`, compiled on first use and cached."""
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
