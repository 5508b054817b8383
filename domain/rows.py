"""Rows as plain bytes: numpy copies struct arrays field by field, opaque ones in one go (15 times faster, measured)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]


def opaque(rows: Rows) -> Rows:
    """The same rows without their fields; a view."""
    return rows.view(f"V{rows.itemsize}")


def copied(rows: Rows) -> Rows:
    """A copy of the rows."""
    return opaque(rows).copy().view(rows.dtype)


def concatenated(parts: Sequence[Rows]) -> Rows:
    """The rows of all parts, of which there is at least one; the part itself if there is only one."""
    return parts[0] if len(parts) == 1 else np.concatenate([opaque(part) for part in parts]).view(parts[0].dtype)
