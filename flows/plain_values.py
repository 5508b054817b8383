"""Plain values: struct-array rows as plain Python values, with None for unknown ones."""

import math
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray


def rows(array: NDArray[Any]) -> Iterator[dict[str, Any]]:
    """Rows of a struct array as dicts of Python numbers."""
    names = array.dtype.names or ()
    return (dict(zip(names, row, strict=True)) for row in array.tolist())


def finite_or_none(value: float) -> float | None:
    """The number, or None if it is NaN or infinite."""
    return value if math.isfinite(value) else None


def non_negative_or_none(value: int) -> int | None:
    """The count or id, or None if it is negative, which means unknown."""
    return value if value >= 0 else None
