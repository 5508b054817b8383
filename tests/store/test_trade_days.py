from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.executions import Execution
from store import executions, trade_days
from store.trade_days import Part, SymbolPart
from tests.store import paper
from tests.store.conftest import AsyncCaller

KINDS = ("overall", "signal_type", "regime", "confidence")


def bucket(probability: float | None) -> str | None:
    if probability is None:
        return None
    low = min(9, int(probability * 10))
    return f"{low / 10:.1f}-{(low + 1) / 10:.1f}"


def twin(rows: Sequence[Execution], kind: str, name: str) -> Part:
    """The sums of one group, by a simple loop."""
    pnl = [row.pnl or 0.0 for row in rows]
    r = [row.pnl_r or 0.0 for row in rows]
    total = peak = fall = 0.0
    days: dict[int, float] = {}
    for row, result in zip(rows, pnl, strict=True):
        total += result
        peak = max(peak, total)
        fall = min(fall, total - peak)
        assert row.exit_time
        day = (row.exit_time - datetime(1970, 1, 1, tzinfo=UTC)).days
        days[day] = days.get(day, 0.0) + result / (row.equity - result)
    stated = [
        (row.probability, result > 0) for row, result in zip(rows, pnl, strict=True) if row.probability is not None
    ]
    return Part(
        kind=kind,  # type: ignore[arg-type]
        name=name,
        trades=len(rows),
        wins=sum(result > 0 for result in pnl),
        losses=sum(result < 0 for result in pnl),
        total_pnl=sum(pnl),
        gains=sum(max(result, 0.0) for result in pnl),
        losings=sum(max(-result, 0.0) for result in pnl),
        day_return=sum(days.values()),
        total_r=sum(r),
        r_squares=sum(each * each for each in r),
        duration_s=sum((row.exit_time - row.entry_time).total_seconds() for row in rows),  # type: ignore[operator]
        predicted=len(stated),
        predicted_wins=sum(won for _, won in stated),
        probability_sum=sum(p for p, _ in stated),
        brier_sum=sum((p - won) ** 2 for p, won in stated),
        least_pnl=min(pnl),
        greatest_pnl=max(pnl),
        least_r=min(r),
        greatest_r=max(r),
        drawdown=fall,
        days=sorted(days),
        returns=[days[day] for day in sorted(days)],
    )


def expected(rows: Sequence[Execution]) -> list[Part]:
    closed = [row for row in rows if row.outcome in ("win", "loss", "even")]
    found: dict[tuple[str, str], list[Execution]] = {}
    for row in closed:
        names = {"overall": "overall", "signal_type": row.signal_type, "regime": row.regime}
        for kind, name in {**names, "confidence": bucket(row.probability)}.items():
            if name is not None:
                found.setdefault((kind, name), []).append(row)
    return [twin(mine, kind, name) for (kind, name), mine in sorted(found.items())]


def close_to(part: Any) -> Any:
    """Equal up to rounding."""
    values = {name: getattr(part, name) for name in part.__struct_fields__}
    return {
        name: value if isinstance(value, str) else pytest.approx(value, rel=1e-12, abs=1e-9)
        for name, value in values.items()
    }


def plain(part: Any) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.__struct_fields__}


def write(connection: psycopg.Connection, rows: Sequence[Execution]) -> None:
    with connection.transaction():
        executions.write(connection, rows)


def contents(connection: psycopg.Connection) -> set[str]:
    return {row for (row,) in connection.execute("SELECT trade_days::text FROM trade_days").fetchall()}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(
    results=st.lists(st.none() | st.integers(-2_000, 2_000).map(lambda cents: cents / 100), max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=4),
)
def test_sums_equal_those_over_the_trades_in_any_batches(
    connection: psycopg.Connection, call: AsyncCaller, results: list[float | None], cuts: list[int]
) -> None:
    connection.execute("TRUNCATE trade_executions, trade_days, outbox")
    rows = [paper.trade(number, result) for number, result in enumerate(results)]
    edges = [0, *sorted(cuts), len(rows)]
    for first, last in pairwise(edges):
        write(connection, rows[first:last])
        write(connection, rows[max(0, first - 5) : last])
    assert [plain(part) for part in call(trade_days.read, KINDS)] == [close_to(part) for part in expected(rows)]
    at_once = contents(connection)
    connection.execute("TRUNCATE trade_executions, trade_days")
    write(connection, rows)
    assert contents(connection) == at_once


def test_replay_changes_no_sum(connection: psycopg.Connection) -> None:
    rows = paper.trades(60)
    write(connection, rows)
    once = contents(connection)
    for size in (60, 7):
        for first in range(0, 60, size):
            write(connection, rows[first : first + size])
    assert contents(connection) == once


def test_trade_counts_when_it_ends(connection: psycopg.Connection, call: AsyncCaller) -> None:
    write(connection, [paper.trade(1, None), paper.trade(2, None, outcome="planned")])
    write(connection, [paper.trade(3, 0.0, outcome="skipped"), paper.trade(4, 0.0, outcome="unfilled")])
    assert call(trade_days.read, KINDS) == []
    write(connection, [paper.trade(1, 5.0)])
    (overall,) = call(trade_days.read, ["overall"])
    assert (overall.trades, overall.total_pnl, overall.drawdown) == (1, 5.0, 0.0)


def test_sums_of_a_symbol_and_of_a_period(connection: psycopg.Connection, call: AsyncCaller) -> None:
    rows = paper.trades(200)
    write(connection, rows)
    since, until = date(2026, 3, 3), date(2026, 3, 6)
    of_symbol = [row for row in rows if row.symbol == "ETHUSDT"]
    within = [row for row in of_symbol if row.exit_time and since <= row.exit_time.date() <= until]
    assert [plain(part) for part in call(trade_days.read, KINDS, symbol="ETHUSDT")] == list(
        map(close_to, expected(of_symbol))
    )
    assert [plain(part) for part in call(trade_days.read, KINDS, symbol="ETHUSDT", since=since, until=until)] == list(
        map(close_to, expected(within))
    )
    assert call(trade_days.read, KINDS, symbol="NONE") == []


def test_symbols_are_ordered_by_number_of_trades(connection: psycopg.Connection, call: AsyncCaller) -> None:
    rows = paper.trades(100)
    write(connection, rows)
    since = paper.BEGIN.date() + timedelta(days=1)
    later = [row for row in rows if row.exit_time and row.exit_time.date() >= since]
    found = {symbol: [row for row in later if row.symbol == symbol] for symbol in paper.SYMBOLS}
    parts = {symbol: twin(mine, "overall", "overall") for symbol, mine in found.items()}
    ordered = sorted(parts, key=lambda symbol: (-parts[symbol].trades, symbol))
    sums = [
        SymbolPart(name, *(getattr(parts[name], field) for field in SymbolPart.__struct_fields__[1:]))
        for name in ordered
    ]
    asked = call(trade_days.read_symbols, since=since, limit=2)
    assert [plain(part) for part in asked] == [close_to(part) for part in sums[:2]]
