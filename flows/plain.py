"""Plain: struct arrays as plain Python, with null for what is not known."""

import math
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray


def rows(array: NDArray[Any]) -> Iterator[dict[str, Any]]:
    """Rows of a struct array as dicts of plain Python numbers."""
    names = array.dtype.names or ()
    return (dict(zip(names, row, strict=True)) for row in array.tolist())


def known(value: float) -> float | None:
    """The number, or None if it is not one."""
    return value if math.isfinite(value) else None


def counted(value: int) -> int | None:
    """The count or id, or None if it is below 0, which stands for unknown."""
    return value if value >= 0 else None
