"""What all shards decided as Arrow tables, with the words in place of the numbers."""

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from domain.aligned import Aligned
from domain.ids import signal_id
from domain.slices import OUTCOMES, SUPPRESSED_REASONS
from domain.vocabulary import Vocabulary
from flows import judgements
from flows.sinks.tables import TIME, numbers, times, words

STATUSES = ("emitted", "suppressed")
SCORED = np.dtype(
    [
        (name, "<f8")
        for name in (
            *("probability", "adjusted_score", "historical_boost", "correlation_boost", "liquidity_weight"),
            *("risk_penalty", "expected_r", "final_score", "threshold", "history"),
        )
    ]
)
"""Columns of a score that go along with its signal."""

COMPONENT: list[tuple[str, pa.DataType]] = [
    ("kind", pa.string()),
    ("id", pa.string()),
    ("name", pa.string()),
    ("direction", pa.int8()),
    ("detected_at", TIME),
    ("weight", pa.float64()),
]
COMPOSITES: list[tuple[str, pa.DataType]] = [
    ("id", pa.string()),
    ("instrument", pa.string()),
    ("pattern_type", pa.string()),
    ("direction", pa.string()),
    ("detected_at", TIME),
    ("composite_confidence", pa.float64()),
    ("correlation_score", pa.float64()),
    ("expected_return", pa.float64()),
    ("risk_score", pa.float64()),
    ("regime", pa.string()),
    ("reason", pa.string()),
    ("component_signals", pa.list_(pa.struct(COMPONENT))),
]
"""Columns of a composite, and of each of its components."""


def signals(given: Aligned, vocabulary: Vocabulary) -> pa.Table:
    """Candidates, emitted and suppressed, with the view of each frame in columns of its own, and their scores."""
    rows = given.candidates
    columns: dict[str, Any] = {
        "id": pa.array(signal_ids(given, rows, vocabulary), pa.string()),
        "instrument": instruments(given.names, rows["instrument"]),
        "signal_type": words(vocabulary.strategies, rows["strategy"]),
        "timeframe": pa.array([vocabulary.primary] * rows.size, pa.string()).dictionary_encode(),
        "direction": directions(rows["direction"]),
        "detected_at": times(rows["ts"]),
        "expires_at": times(rows["expires_at"]),
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
    scores = given.scores if given.scores.size else np.full(rows.size, np.nan, SCORED)
    columns.update({name: numbers(scores[name]) for name in SCORED.names or ()})
    return pa.table(columns)


def outcomes(given: Aligned, vocabulary: Vocabulary) -> pa.Table:
    """How candidates ended; returns are net of costs."""
    rows = given.outcomes
    columns: dict[str, Any] = {
        "signal_id": pa.array(signal_ids(given, rows, vocabulary), pa.string()),
        "instrument": instruments(given.names, rows["instrument"]),
        "signal_type": words(vocabulary.strategies, rows["strategy"]),
        "direction": directions(rows["direction"]),
        "status": words(STATUSES, rows["status"]),
        "outcome": words(OUTCOMES, rows["outcome"]),
        "detected_at": times(rows["ts"]),
        "entry_at": pa.array(rows["entry_at"], TIME, mask=rows["entry_at"] == 0),
        "exit_at": times(rows["exit_at"]),
    }
    for name in ("entry_price", "exit_price", "return_pct", "return_r", "best_r", "worst_r", "confidence"):
        columns[name] = numbers(rows[name])
    return pa.table(columns)


def relations(given: Aligned, vocabulary: Vocabulary) -> pa.Table:
    """A row a bar of every instrument that has a reference; null until warm."""
    rows = given.relations
    return pa.table(
        {
            "instrument": instruments(given.names, rows["instrument"]),
            "frame": words(vocabulary.frames, rows["frame"]),
            "close_time": pa.array(rows["ts"], TIME),
            "correlation": numbers(rows["correlation"]),
            "beta": numbers(rows["beta"]),
            "pairs": pa.array(rows["count"]),
        }
    )


def composites(given: Aligned, vocabulary: Vocabulary) -> pa.Table:
    """Signals and events that belong together; they are few, so they are told as to the ledger."""
    told = judgements.composites(given, vocabulary)
    rows = [
        {**msgspec.structs.asdict(each), "instrument": f"{each.venue}:{each.symbol}", "component_signals": parts}
        for each in told
        for parts in [[msgspec.structs.asdict(part) for part in each.component_signals]]
    ]
    return pa.Table.from_pylist(rows, pa.schema(COMPOSITES))


def directions(rows: NDArray[Any]) -> Any:
    """Long or short, by the sign."""
    return words(("short", "long"), rows > 0)


def instruments(names: dict[int, str], instruments: NDArray[np.int64]) -> Any:
    """The name of each instrument, as plain text."""
    numbers_of, texts = pa.array(names.keys(), pa.int64()), pa.array(names.values(), pa.string())
    return texts.take(pc.index_in(pa.array(instruments), numbers_of))


def signal_ids(given: Aligned, rows: NDArray[Any], vocabulary: Vocabulary) -> list[str]:
    """The id of the signal of each row."""
    return [
        signal_id(given.names[instrument], vocabulary.primary, vocabulary.strategies[strategy], direction, ts)
        for instrument, strategy, direction, ts in zip(
            rows["instrument"].tolist(),
            rows["strategy"].tolist(),
            rows["direction"].tolist(),
            rows["ts"].tolist(),
            strict=True,
        )
    ]
