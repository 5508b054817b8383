"""Columns: many rows in one statement, a parameter a column.

With kinds = {"name": "text", "id": "int8"} it reads

    execute(f"INSERT INTO instruments (name, id) SELECT * FROM {unnest(kinds)}", columns(rows, kinds))
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from domain import clock
from store.arrays import Texts


def unnest(kinds: Mapping[str, str]) -> str:
    """The rows again, of parameters named as their columns; `kinds` maps column to Postgres type."""
    return f"unnest({', '.join(f'%({name})s::{kind}[]' for name, kind in kinds.items())})"


def columns(rows: Sequence[Any], kinds: Mapping[str, str]) -> dict[str, Any]:
    """The attributes of `rows` as parameters for `unnest`."""
    return {name: column([getattr(row, name) for row in rows], kind) for name, kind in kinds.items()}


def column(values: Sequence[Any], kind: str) -> Any:
    """Values of a Postgres type as a parameter; None is null.

    Parameters
    ----------
    kind
        `text` takes texts, `json` and `jsonb` JSON as text, `timestamptz` aware datetimes.
    """
    match kind:
        case "text" | "json" | "jsonb":
            return Texts(values)
        case "float8":
            return np.array(values, np.float64)  # None becomes NaN, and that null
        case "boolean":
            return np.array(values, np.bool_)
        case "timestamptz":
            times = [np.iinfo(np.int64).min if at is None else clock.from_datetime(at) // 1_000 for at in values]
            return np.array(times, np.int64).view("datetime64[us]")  # the least integer is NaT
    return list(values)
