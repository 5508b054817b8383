"""Arrays: numpy arrays as Postgres arrays in binary format.

psycopg writes a list element by element as text, searching each for quotes, and the server parses it again; a numpy
array is copied once. Measured on bars: 120,000 rows a second against 32,000.

    float64          double precision[]   NaN and infinities become null
    int64            bigint[]
    bool             boolean[]
    datetime64[us]   timestamptz[]        UTC; NaT becomes null
    Texts            text[]               None becomes null
"""

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection, postgres
from psycopg.abc import PyFormat
from psycopg.adapt import Dumper
from psycopg.pq import Format

_TYPES = {"<f8": ("float8", ">f8"), "<i8": ("int8", ">i8"), "|b1": ("bool", "u1"), "<M8[us]": ("timestamptz", ">i8")}
_NULL = b"\xff\xff\xff\xff"  # a length of -1 without a value
_POSTGRES_EPOCH = np.datetime64("2000-01-01", "us")


class Texts(NamedTuple):
    """A column of texts."""

    values: Sequence[str | None]


class _ArrayDumper(Dumper):
    """Selects the dumper of an array by its dtype."""

    format = Format.BINARY

    def get_key(self, obj: NDArray[Any], format: PyFormat) -> Any:  # noqa: A002, ARG002  psycopg's name
        return (np.ndarray, obj.dtype.str)

    def upgrade(self, obj: NDArray[Any], format: PyFormat) -> Dumper:  # noqa: A002, ARG002
        if obj.dtype.str not in _TYPES:
            raise TypeError(
                f"an array of dtype {obj.dtype} cannot be a column; convert it to one of {', '.join(_TYPES)}"
            )
        return _ColumnDumper(obj.dtype.str)

    def dump(self, obj: NDArray[Any]) -> bytes:
        raise AssertionError(f"no dumper was selected for {obj.dtype}")


class _ColumnDumper(Dumper):
    """Dumps arrays of one dtype."""

    format = Format.BINARY

    def __init__(self, dtype: str) -> None:
        super().__init__(np.ndarray)
        name, code = _TYPES[dtype]
        info = postgres.types[name]
        self.oid, self._element = info.array_oid, info.oid
        self._cell = np.dtype([("bytes", ">i4"), ("value", code)])

    def dump(self, obj: NDArray[Any]) -> bytes:
        cells = np.empty(len(obj), self._cell)
        cells["bytes"] = self._cell["value"].itemsize
        cells["value"] = (obj - _POSTGRES_EPOCH).view(np.int64) if obj.dtype.kind == "M" else obj
        valid = np.isfinite(obj) if obj.dtype.kind in "fM" else np.ones(len(obj), bool)
        complete = bool(valid.all())
        return _head(len(obj), self._element, has_null=not complete) + (
            cells.tobytes() if complete else _with_nulls(cells, valid)
        )


class _TextsDumper(Dumper):
    """Dumps texts."""

    format = Format.BINARY
    oid = postgres.types["text"].array_oid

    def dump(self, obj: Texts) -> bytes:
        parts = [_head(len(obj.values), postgres.types["text"].oid, has_null=None in obj.values)]
        for value in obj.values:
            if value is None:
                parts.append(_NULL)
            else:
                encoded = value.encode()
                parts += (len(encoded).to_bytes(4, "big"), encoded)
        return b"".join(parts)


def _head(length: int, element: int, *, has_null: bool) -> bytes:
    """Array header: dimensions, whether there are nulls, type of the elements, length, lower bound."""
    return struct.pack(">iiIii", 1, has_null, element, length, 1)


def _with_nulls(cells: NDArray[Any], valid: NDArray[np.bool_]) -> bytes:
    """The cells, with nulls where a value is not valid."""
    cells["bytes"][~valid] = -1
    octets = cells.view(np.uint8).reshape(len(cells), cells.itemsize)
    kept = np.ones(octets.shape, bool)
    kept[~valid, 4:] = False
    return octets[kept].tobytes()


def register(connection: Connection) -> None:
    """Register the dumpers, so that `connection` accepts numpy arrays and `Texts` as parameters."""
    connection.adapters.register_dumper(np.ndarray, _ArrayDumper)
    connection.adapters.register_dumper(Texts, _TextsDumper)
