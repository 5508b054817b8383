"""What a Slice says of the market as Arrow tables, with the words in place of the numbers."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from domain.slices import INCOMPLETE, SYNTHETIC, Slice
from domain.vocabulary import Vocabulary

TIME = pa.timestamp("ns", "UTC")


def bars(given: Slice, vocabulary: Vocabulary) -> pa.Table:
    """Closed bars of every frame. What the input did not say is null."""
    rows = given.bars
    columns: dict[str, Any] = {
        "instrument": _names(given, rows),
        "frame": words(vocabulary.frames, rows["frame"]),
        "open_time": times(rows["open_time"]),
        "close_time": times(rows["close_time"]),
    }
    for name in ("open", "high", "low", "close", "volume", "quote_volume", "buy_volume"):
        columns[name] = numbers(rows[name])
    columns["trades"] = pa.array(rows["trades"], mask=rows["trades"] < 0)
    columns["synthetic"] = pa.array((rows["flags"] & SYNTHETIC) != 0)
    columns["incomplete"] = pa.array((rows["flags"] & INCOMPLETE) != 0)
    return pa.table(columns)


def features(given: Slice, vocabulary: Vocabulary) -> pa.Table:
    """A row a bar, a column a feature; null until warm."""
    rows = given.bars
    values = given.features if given.features.size else np.empty((len(vocabulary.features), 0))
    columns: dict[str, Any] = {
        "instrument": _names(given, rows),
        "frame": words(vocabulary.frames, rows["frame"]),
        "close_time": times(rows["close_time"]),
    }
    columns.update({name: numbers(values[at]) for at, name in enumerate(vocabulary.features)})
    return pa.table(columns)


def events(given: Slice, vocabulary: Vocabulary) -> pa.Table:
    """What detectors noticed; direction 1 up, -1 down, 0 neither."""
    rows = given.events
    return pa.table(
        {
            "instrument": _names(given, rows),
            "frame": words(vocabulary.frames, rows["frame"]),
            "detected_at": times(rows["ts"]),
            "detector": words(vocabulary.detectors, rows["detector"]),
            "direction": pa.array(rows["direction"]),
            "strength": numbers(rows["strength"]),
        }
    )


def gaps(given: Slice, vocabulary: Vocabulary) -> pa.Table:  # noqa: ARG001
    """Holes in the trades of an instrument."""
    rows = given.gaps
    columns: dict[str, Any] = {"instrument": _names(given, rows), "detected_at": times(rows["detected_at"])}
    for name in ("first_id", "last_id", "missing"):
        columns[name] = pa.array(rows[name], mask=rows[name] < 0)
    return pa.table(columns)


def rejects(given: Slice, vocabulary: Vocabulary) -> pa.Table:  # noqa: ARG001
    """Input that could not be used, and why."""
    return pa.table(
        {
            "source": pa.array([reject.source for reject in given.rejects], pa.string()),
            "position": pa.array([reject.position for reject in given.rejects], pa.int64()),
            "reason": pa.array([reject.reason for reject in given.rejects], pa.string()),
            "raw": pa.array([reject.raw for reject in given.rejects], pa.binary()),
        }
    )


def _names(given: Slice, rows: NDArray[Any]) -> Any:
    return words(given.names, rows["slot"])


def words(names: tuple[str, ...], index: NDArray[Any]) -> Any:
    """A dictionary column: `names` by their places."""
    return pa.DictionaryArray.from_arrays(pa.array(index, pa.int32()), pa.array(names, pa.string()))


def times(rows: NDArray[Any]) -> Any:
    """A column of instants, from ns since 1970."""
    return pa.array(rows, TIME)


def numbers(rows: NDArray[Any]) -> Any:
    """A float column; NaN is null."""
    return pa.array(rows, from_pandas=True)
