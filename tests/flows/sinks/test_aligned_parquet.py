"""Aligned results as Parquet: the same as in the ledger, complete, and of one schema even if empty."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from domain.aligned import Aligned
from domain.clock import DAY, MINUTE
from domain.composites import COMPOSITE, EVENT, SIGNAL
from domain.executions import EQUITY, EXECUTION, LOSS, OPEN, PLANNED, SKIPPED
from domain.vocabulary import Vocabulary
from flows import account_records, aligned_records
from flows.sinks.aligned_parquet import FILE, KINDS, AlignedParquetPartition, complete
from tests.builders import START, records

WORDS = Vocabulary(
    frames=("1m", "5m"),
    features=("rsi",),
    detectors=("breakout", "volume_spike"),
    strategies=("fade", "follow"),
    patterns=("signal_consensus", "volume_spike"),
    verbs=("agree", "come with unusual volume"),
)
NAMES = {7: "test:A", 9: "test:B"}
UNKNOWN = {"probability": 0.5, **dict.fromkeys(("exit_price", "pnl", "pnl_pct", "pnl_r"), np.nan)}
PLAN = {"ts": START, "instrument": 7, "strategy": 1, "direction": 1, "shares": 2.5, "entry_price": 100.25, **UNKNOWN}
ENDED = {"exit_price": 99.5, "exit_at": START + 9 * MINUTE, "pnl": -2.5, "pnl_pct": -1.0, "pnl_r": -1.125, "fees": 0.25}


@pytest.fixture
def given() -> list[Aligned]:
    """Two batches: a trade planned and opened, another skipped; then the first one lost, and a day over."""
    parts = {
        "component_kind": [SIGNAL, EVENT, *[0] * 6],
        "component_idea": [1, 0, *[0] * 6],
        "component_frame": [1, 1, *[0] * 6],
        "component_direction": [1, -1, *[0] * 6],
        "component_ts": [START, START - MINUTE, *[0] * 6],
        "component_weight": [0.75, -0.25, *[0] * 6],
    }
    composite = {"ts": START, "instrument": 7, "components": 2, "pattern": 1, "composite_confidence": 0.625, **parts}
    first = Aligned(
        START + MINUTE,
        names=NAMES,
        composites=records(
            COMPOSITE,
            {**composite, "direction": 1, "expected_return": np.nan, "regime": 9},
            {**composite, "direction": 0, "expected_return": 0.5, "instrument": 9, "components": 0},
        ),
        executions=records(
            EXECUTION,
            {**PLAN, "at": START, "state": PLANNED, "outcome": 255},
            {**PLAN, "at": START, "state": SKIPPED, "skipped": 1, "instrument": 9, "direction": -1, "shares": 0.0},
            {**PLAN, "at": START + MINUTE, "state": OPEN, "entry_at": START + MINUTE},
        ),
    )
    second = Aligned(
        START + DAY,
        names=NAMES,
        executions=records(
            EXECUTION, {**PLAN, **ENDED, "at": START + 9 * MINUTE, "state": LOSS, "entry_at": START + MINUTE}
        ),
        equity=records(
            EQUITY,
            {"day": START + DAY, "equity": 997.5, "return": -0.0025, "drawdown": -0.0025, "gross_exposure": np.nan},
        ),
    )
    return [first, second]


def written(folder, batches: list[Aligned]) -> dict[str, Any]:
    partition = AlignedParquetPartition(folder, WORDS)
    for batch in batches:
        partition.write_batch([batch])
    partition.close()
    return read(folder)


def read(folder) -> dict[str, Any]:
    return {kind: pq.read_table(folder / kind / FILE) for kind in KINDS}


def as_row(struct: msgspec.Struct) -> dict[str, Any]:
    """A record of the ledger as a row of the files: an instrument, and no frame, which is the primary."""
    row = msgspec.to_builtins(struct, builtin_types=(datetime,))
    without = {"venue", "symbol", "market_slug", "simulated", "timeframe"}
    named = {"instrument": f"{row['venue']}:{row['symbol']}"} if "venue" in row else {}
    return named | {name: value for name, value in row.items() if name not in without}


def test_files_agree_with_the_ledger(tmp_path, given):
    tables = written(tmp_path, given)
    records_of = {
        "composites": lambda batch: aligned_records.composites(batch, WORDS),
        "executions": lambda batch: account_records.executions(batch, WORDS),
        "equity": lambda batch: account_records.equity(batch, WORDS),
    }
    for kind, make in records_of.items():
        expected = [as_row(record) for batch in given for record in make(batch)]
        assert tables[kind].to_pylist() == expected, kind
    assert [len(tables[kind]) for kind in records_of] == [2, 4, 1]


def test_rows_of_a_trade_have_one_id_and_the_last_is_current(tmp_path, given):
    rows = written(tmp_path, given)["executions"].to_pylist()
    mine = [row for row in rows if row["id"] == rows[0]["id"]]
    assert [row["outcome"] for row in mine] == ["planned", "open", "loss"]
    assert mine[-1]["exit_time"] == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        microseconds=(START + 9 * MINUTE) // 1000
    )
    assert [row["skipped_reason"] for row in rows] == [None, "max_open_positions", None, None]


def test_empty_results_give_files_of_the_same_schema(tmp_path, given):
    full = written(tmp_path / "full", given)
    complete(tmp_path / "empty", WORDS)
    for kind, table in read(tmp_path / "empty").items():
        assert table.num_rows == 0
        assert table.schema == full[kind].schema, kind
