"""What the paper account did and was worth as Arrow tables, with the words in place of the numbers."""

from typing import Any

import pyarrow as pa
from numpy.typing import NDArray

from domain.aligned import Aligned
from domain.executions import SKIP_REASONS, STATES
from domain.ids import execution_id
from domain.scores import REGIMES
from domain.vocabulary import Vocabulary
from flows.sinks.decisions import directions, instruments, signal_ids
from flows.sinks.tables import TIME, numbers, times, words


def executions(given: Aligned, vocabulary: Vocabulary) -> pa.Table:
    """Paper trades, a row a change: planned, opened, ended. The newest row of an id is its truth."""
    rows = given.executions
    signals = signal_ids(given, rows, vocabulary)
    columns: dict[str, Any] = {
        "id": pa.array(map(execution_id, signals), pa.string()),
        "signal_id": pa.array(signals, pa.string()),
        "instrument": instruments(given.names, rows["instrument"]),
        "signal_type": words(vocabulary.strategies, rows["strategy"]),
        "direction": directions(rows["direction"]),
        "planned_at": times(rows["ts"]),
        "updated_at": times(rows["at"]),
        "entry_time": _moments(rows["entry_at"]),
        "exit_time": _moments(rows["exit_at"]),
        "outcome": words(STATES, rows["state"]),
        "skipped_reason": pa.array([SKIP_REASONS[at] or None for at in rows["skipped"]], pa.string()),
        "regime": words(REGIMES, rows["regime"]),
    }
    for name in ("probability", "entry_price", "exit_price", "shares", "notional", "risk", "fees"):
        columns[name] = numbers(rows[name])
    for name in ("pnl", "pnl_pct", "pnl_r", "equity"):
        columns[name] = numbers(rows[name])
    return pa.table(columns)


def equity(given: Aligned, vocabulary: Vocabulary) -> pa.Table:
    """The paper account at the end of each UTC day, open positions at their last close."""
    rows = given.equity
    return pa.table(
        {
            "day": times(rows["day"]),
            "equity": numbers(rows["equity"]),
            "daily_return": numbers(rows["return"]),
            "drawdown": numbers(rows["drawdown"]),
            "open_positions": pa.array(rows["open_positions"]),
            "gross_exposure": numbers(rows["gross_exposure"]),
            "account": pa.array([vocabulary.branch] * rows.size, pa.string()),
        }
    )


def _moments(rows: NDArray[Any]) -> Any:
    """A column of instants; 0 is null."""
    return pa.array(rows, TIME, mask=rows == 0)
