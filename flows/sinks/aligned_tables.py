"""Aligned tables: the results of all shards as Arrow tables, with names in place of codes."""

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
from flows import aligned_records
from flows.sinks.slice_tables import TIME, dictionary_column, number_column, time_column

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
"""Columns of a score that are written with its signal."""

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
    """Candidates, emitted and suppressed, with their scores, and a column per frame for its direction and strength."""
    rows = given.candidates
    columns: dict[str, Any] = {
        "id": pa.array(signal_ids(given, rows, vocabulary), pa.string()),
        "instrument": instruments(given.names, rows["instrument"]),
        "signal_type": dictionary_column(vocabulary.strategies, rows["strategy"]),
        "timeframe": pa.array([vocabulary.primary] * rows.size, pa.string()).dictionary_encode(),
        "direction": directions(rows["direction"]),
        "detected_at": time_column(rows["ts"]),
        "expires_at": time_column(rows["expires_at"]),
        "entry_price": number_column(rows["entry_price"]),
        "take_profit": number_column(rows["take_profit"]),
        "stop_loss": number_column(rows["stop_loss"]),
        "raw_confidence": number_column(rows["confidence"]),
        "status": dictionary_column(STATUSES, rows["status"]),
        "suppressed_reason": pa.array([SUPPRESSED_REASONS[at] or None for at in rows["reason"]], pa.string()),
        "mtf_aligned": pa.array(rows["mtf_aligned"] != 0),
        "mtf_score": number_column(rows["mtf_score"]),
    }
    for at, frame in enumerate(vocabulary.frames):
        columns[f"mtf_direction_{frame}"] = pa.array(np.ascontiguousarray(rows["mtf_direction"][:, at]))
        columns[f"mtf_strength_{frame}"] = number_column(np.ascontiguousarray(rows["mtf_strength"][:, at]))
    scores = given.scores if given.scores.size else np.full(rows.size, np.nan, SCORED)
    columns.update({name: number_column(scores[name]) for name in SCORED.names or ()})
    return pa.table(columns)


def outcomes(given: Aligned, vocabulary: Vocabulary) -> pa.Table:
    """Outcomes of candidates; returns are net of costs."""
    rows = given.outcomes
    columns: dict[str, Any] = {
        "signal_id": pa.array(signal_ids(given, rows, vocabulary), pa.string()),
        "instrument": instruments(given.names, rows["instrument"]),
        "signal_type": dictionary_column(vocabulary.strategies, rows["strategy"]),
        "direction": directions(rows["direction"]),
        "status": dictionary_column(STATUSES, rows["status"]),
        "outcome": dictionary_column(OUTCOMES, rows["outcome"]),
        "detected_at": time_column(rows["ts"]),
        "entry_at": pa.array(rows["entry_at"], TIME, mask=rows["entry_at"] == 0),
        "exit_at": time_column(rows["exit_at"]),
    }
    for name in ("entry_price", "exit_price", "return_pct", "return_r", "best_r", "worst_r", "confidence"):
        columns[name] = number_column(rows[name])
    return pa.table(columns)


def relations(given: Aligned, vocabulary: Vocabulary) -> pa.Table:
    """Correlation and beta, one row per bar of each instrument that has a reference; null until warm."""
    rows = given.relations
    return pa.table(
        {
            "instrument": instruments(given.names, rows["instrument"]),
            "frame": dictionary_column(vocabulary.frames, rows["frame"]),
            "close_time": pa.array(rows["ts"], TIME),
            "correlation": number_column(rows["correlation"]),
            "beta": number_column(rows["beta"]),
            "pairs": pa.array(rows["count"]),
        }
    )


def composites(given: Aligned, vocabulary: Vocabulary) -> pa.Table:
    """Composite signals; they are rare, so they are converted from the records of the ledger."""
    rows = [
        {**msgspec.structs.asdict(each), "instrument": f"{each.venue}:{each.symbol}", "component_signals": components}
        for each in aligned_records.composites(given, vocabulary)
        for components in [[msgspec.structs.asdict(component) for component in each.component_signals]]
    ]
    return pa.Table.from_pylist(rows, pa.schema(COMPOSITES))


def directions(rows: NDArray[Any]) -> Any:
    """A column of "long" and "short", by sign."""
    return dictionary_column(("short", "long"), rows > 0)


def instruments(names: dict[int, str], instruments: NDArray[np.int64]) -> Any:
    """A string column with the name of each instrument."""
    ids, texts = pa.array(names.keys(), pa.int64()), pa.array(names.values(), pa.string())
    return texts.take(pc.index_in(pa.array(instruments), ids))


def signal_ids(given: Aligned, rows: NDArray[Any], vocabulary: Vocabulary) -> list[str]:
    """The signal id of each row."""
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
