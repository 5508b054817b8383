"""Account tables: the paper account's trades and equity as Arrow tables, with names in place of codes."""

from typing import Any

import pyarrow as pa
from numpy.typing import NDArray

from domain.aligned import Aligned
from domain.executions import SKIP_REASONS, STATES
from domain.ids import execution_id
from domain.scores import REGIMES
from domain.vocabulary import Vocabulary
from flows.sinks.aligned_tables import directions, instruments, signal_ids
from flows.sinks.slice_tables import TIME, dictionary_column, number_column, time_column


def executions(given: Aligned, vocabulary: Vocabulary) -> pa.Table:
    """Paper trades, one row per state change: planned, opened, closed. The newest row of an id is current."""
    rows = given.executions
    signals = signal_ids(given, rows, vocabulary)
    columns: dict[str, Any] = {
        "id": pa.array(map(execution_id, signals), pa.string()),
        "signal_id": pa.array(signals, pa.string()),
        "instrument": instruments(given.names, rows["instrument"]),
        "signal_type": dictionary_column(vocabulary.strategies, rows["strategy"]),
        "direction": directions(rows["direction"]),
        "planned_at": time_column(rows["ts"]),
        "updated_at": time_column(rows["at"]),
        "entry_time": _nullable_times(rows["entry_at"]),
        "exit_time": _nullable_times(rows["exit_at"]),
        "outcome": dictionary_column(STATES, rows["state"]),
        "skipped_reason": pa.array([SKIP_REASONS[at] or None for at in rows["skipped"]], pa.string()),
        "regime": dictionary_column(REGIMES, rows["regime"]),
    }
    for name in ("probability", "entry_price", "exit_price", "shares", "notional", "risk", "fees"):
        columns[name] = number_column(rows[name])
    for name in ("pnl", "pnl_pct", "pnl_r", "equity"):
        columns[name] = number_column(rows[name])
    return pa.table(columns)


def equity(given: Aligned, vocabulary: Vocabulary) -> pa.Table:
    """The paper account at the end of each UTC day, with open positions valued at their last close."""
    rows = given.equity
    return pa.table(
        {
            "day": time_column(rows["day"]),
            "equity": number_column(rows["equity"]),
            "daily_return": number_column(rows["return"]),
            "drawdown": number_column(rows["drawdown"]),
            "open_positions": pa.array(rows["open_positions"]),
            "gross_exposure": number_column(rows["gross_exposure"]),
            "account": pa.array([vocabulary.branch] * rows.size, pa.string()),
        }
    )


def _nullable_times(rows: NDArray[Any]) -> Any:
    """A column of instants; 0 is null."""
    return pa.array(rows, TIME, mask=rows == 0)
