"""Struct arrays as opaque bytes: numpy copies struct fields one by one, but opaque rows at once (15 times faster)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]


def opaque(rows: Rows) -> Rows:
    """View of the rows without their fields."""
    return rows.view(f"V{rows.itemsize}")


def copied(rows: Rows) -> Rows:
    """A copy of the rows."""
    return opaque(rows).copy().view(rows.dtype)


def concatenated(parts: Sequence[Rows]) -> Rows:
    """Concatenate the rows of at least one part; a single part is returned without a copy."""
    return parts[0] if len(parts) == 1 else np.concatenate([opaque(part) for part in parts]).view(parts[0].dtype)
