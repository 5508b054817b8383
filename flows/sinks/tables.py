"""Conclusions of a Slice as Arrow tables, with the words in place of the numbers."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from domain.ids import signal_id
from domain.slices import INCOMPLETE, OUTCOMES, SUPPRESSED_REASONS, SYNTHETIC, Slice
from domain.vocabulary import Vocabulary

TIME = pa.timestamp("ns", "UTC")
STATUSES = ("emitted", "suppressed")


def bars(given: Slice, vocabulary: Vocabulary) -> pa.Table:
    """Closed bars of every frame. What the input did not say is null."""
    rows = given.bars
    columns: dict[str, Any] = {
        "instrument": _names(given, rows),
        "frame": words(vocabulary.frames, rows["frame"]),
        "open_time": _times(rows["open_time"]),
        "close_time": _times(rows["close_time"]),
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
        "close_time": _times(rows["close_time"]),
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
            "detected_at": _times(rows["ts"]),
            "detector": words(vocabulary.detectors, rows["detector"]),
            "direction": pa.array(rows["direction"]),
            "strength": numbers(rows["strength"]),
        }
    )


def signals(given: Slice, vocabulary: Vocabulary) -> pa.Table:
    """Candidates, emitted and suppressed, with the view of each frame in columns of its own."""
    rows = given.candidates
    columns: dict[str, Any] = {
        "id": pa.array(_ids(given, rows, vocabulary), pa.string()),
        "instrument": _names(given, rows),
        "signal_type": words(vocabulary.strategies, rows["strategy"]),
        "timeframe": pa.array([vocabulary.primary] * rows.size, pa.string()).dictionary_encode(),
        "direction": _directions(rows["direction"]),
        "detected_at": _times(rows["ts"]),
        "expires_at": _times(rows["expires_at"]),
        "entry_price": numbers(rows["entry_price"]),
        "take_profit": numbers(rows["take_profit"]),
        "stop_loss": numbers(rows["stop_loss"]),
        "raw_confidence": numbers(rows["confidence"]),
        "status": words(STATUSES, rows["status"]),
        "suppressed_reason": pa.array([SUPPRESSED_REASONS[at] or None for at in rows["reason"]], pa.string()),
        "mtf_aligned": pa.array(rows["mtf_aligned"] != 0),
        "mtf_score": numbers(rows["mtf_score"]),
    }
    for at, frame in enumerate(vocabulary.frames):
        columns[f"mtf_direction_{frame}"] = pa.array(np.ascontiguousarray(rows["mtf_direction"][:, at]))
        columns[f"mtf_strength_{frame}"] = numbers(np.ascontiguousarray(rows["mtf_strength"][:, at]))
    return pa.table(columns)


def outcomes(given: Slice, vocabulary: Vocabulary) -> pa.Table:
    """How candidates ended; returns are net of costs."""
    rows = given.outcomes
    columns: dict[str, Any] = {
        "signal_id": pa.array(_ids(given, rows, vocabulary), pa.string()),
        "instrument": _names(given, rows),
        "signal_type": words(vocabulary.strategies, rows["strategy"]),
        "direction": _directions(rows["direction"]),
        "status": words(STATUSES, rows["status"]),
        "outcome": words(OUTCOMES, rows["outcome"]),
        "detected_at": _times(rows["ts"]),
        "entry_at": pa.array(rows["entry_at"], TIME, mask=rows["entry_at"] == 0),
        "exit_at": _times(rows["exit_at"]),
    }
    for name in ("entry_price", "exit_price", "return_pct", "return_r", "best_r", "worst_r", "confidence"):
        columns[name] = numbers(rows[name])
    return pa.table(columns)


def gaps(given: Slice, vocabulary: Vocabulary) -> pa.Table:  # noqa: ARG001
    """Holes in the trades of an instrument."""
    rows = given.gaps
    columns: dict[str, Any] = {"instrument": _names(given, rows), "detected_at": _times(rows["detected_at"])}
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


def _directions(rows: NDArray[Any]) -> Any:
    return words(("short", "long"), rows > 0)


def _times(rows: NDArray[Any]) -> Any:
    return pa.array(rows, TIME)


def numbers(rows: NDArray[Any]) -> Any:
    """A float column; NaN is null."""
    return pa.array(rows, from_pandas=True)


def _ids(given: Slice, rows: NDArray[Any], vocabulary: Vocabulary) -> list[str]:
    return [
        signal_id(given.names[slot], vocabulary.primary, vocabulary.strategies[strategy], direction, ts)
        for slot, strategy, direction, ts in zip(
            rows["slot"].tolist(),
            rows["strategy"].tolist(),
            rows["direction"].tolist(),
            rows["ts"].tolist(),
            strict=True,
        )
    ]
