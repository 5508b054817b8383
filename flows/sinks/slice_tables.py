"""Slice tables: bars, features, events, gaps and rejects of a Slice as Arrow tables, with names for codes."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from domain.slices import INCOMPLETE, SYNTHETIC, Slice
from domain.vocabulary import Vocabulary

TIME = pa.timestamp("ns", "UTC")


def bars(given: Slice, vocabulary: Vocabulary) -> pa.Table:
    """Closed bars of every frame. Values that the input does not provide are null."""
    rows = given.bars
    columns: dict[str, Any] = {
        "instrument": _names(given, rows),
        "frame": dictionary_column(vocabulary.frames, rows["frame"]),
        "open_time": time_column(rows["open_time"]),
        "close_time": time_column(rows["close_time"]),
    }
    for name in ("open", "high", "low", "close", "volume", "quote_volume", "buy_volume"):
        columns[name] = number_column(rows[name])
    columns["trades"] = pa.array(rows["trades"], mask=rows["trades"] < 0)
    columns["synthetic"] = pa.array((rows["flags"] & SYNTHETIC) != 0)
    columns["incomplete"] = pa.array((rows["flags"] & INCOMPLETE) != 0)
    return pa.table(columns)


def features(given: Slice, vocabulary: Vocabulary) -> pa.Table:
    """One row per bar and one column per feature; null until warm."""
    rows = given.bars
    values = given.features if given.features.size else np.empty((len(vocabulary.features), 0))
    columns: dict[str, Any] = {
        "instrument": _names(given, rows),
        "frame": dictionary_column(vocabulary.frames, rows["frame"]),
        "close_time": time_column(rows["close_time"]),
    }
    columns.update({name: number_column(values[at]) for at, name in enumerate(vocabulary.features)})
    return pa.table(columns)


def events(given: Slice, vocabulary: Vocabulary) -> pa.Table:
    """Events of detectors; direction is 1 for up, -1 for down and 0 for neither."""
    rows = given.events
    return pa.table(
        {
            "instrument": _names(given, rows),
            "frame": dictionary_column(vocabulary.frames, rows["frame"]),
            "detected_at": time_column(rows["ts"]),
            "detector": dictionary_column(vocabulary.detectors, rows["detector"]),
            "direction": pa.array(rows["direction"]),
            "strength": number_column(rows["strength"]),
        }
    )


def gaps(given: Slice, vocabulary: Vocabulary) -> pa.Table:  # noqa: ARG001
    """Gaps in the trades of an instrument."""
    rows = given.gaps
    columns: dict[str, Any] = {"instrument": _names(given, rows), "detected_at": time_column(rows["detected_at"])}
    for name in ("first_id", "last_id", "missing"):
        columns[name] = pa.array(rows[name], mask=rows[name] < 0)
    return pa.table(columns)


def rejects(given: Slice, vocabulary: Vocabulary) -> pa.Table:  # noqa: ARG001
    """Rejected input, with the reason."""
    return pa.table(
        {
            "source": pa.array([reject.source for reject in given.rejects], pa.string()),
            "position": pa.array([reject.position for reject in given.rejects], pa.int64()),
            "reason": pa.array([reject.reason for reject in given.rejects], pa.string()),
            "raw": pa.array([reject.raw for reject in given.rejects], pa.binary()),
        }
    )


def _names(given: Slice, rows: NDArray[Any]) -> Any:
    return dictionary_column(given.names, rows["slot"])


def dictionary_column(names: tuple[str, ...], index: NDArray[Any]) -> Any:
    """A dictionary-encoded string column: `names` by index."""
    return pa.DictionaryArray.from_arrays(pa.array(index, pa.int32()), pa.array(names, pa.string()))


def time_column(rows: NDArray[Any]) -> Any:
    """A timestamp column, from ns since 1970."""
    return pa.array(rows, TIME)


def number_column(rows: NDArray[Any]) -> Any:
    """A float column; NaN becomes null."""
    return pa.array(rows, from_pandas=True)
