"""Columns: write many rows in one statement, with one array parameter for each column.

With types = {"name": "text", "id": "int8"}:

    execute(f"INSERT INTO instruments (name, id) SELECT * FROM {unnest(types)}", columns(rows, types))
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from domain import clock
from store.arrays import Texts


def unnest(types: Mapping[str, str]) -> str:
    """SQL that turns the parameters made by `columns` into rows; `types` maps columns to Postgres types."""
    return f"unnest({', '.join(f'%({name})s::{type_}[]' for name, type_ in types.items())})"


def columns(rows: Sequence[Any], types: Mapping[str, str]) -> dict[str, Any]:
    """The attributes of `rows` as parameters for `unnest`."""
    return {name: column([getattr(row, name) for row in rows], type_) for name, type_ in types.items()}


def column(values: Sequence[Any], type_: str) -> Any:
    """Values of a Postgres type as a parameter; None becomes null.

    Parameters
    ----------
    type_
        `text` takes strings, `json` and `jsonb` JSON as strings, `timestamptz` aware datetimes.
    """
    match type_:
        case "text" | "json" | "jsonb":
            return Texts(values)
        case "float8":
            return np.array(values, np.float64)  # None becomes NaN, which becomes null
        case "boolean":
            return np.array(values, np.bool_)
        case "timestamptz":
            times = [np.iinfo(np.int64).min if at is None else clock.from_datetime(at) // 1_000 for at in values]
            return np.array(times, np.int64).view("datetime64[us]")  # the smallest integer is NaT
    return list(values)
