from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg
import pytest

from domain.signals import Outcome, Signal
from store import outcome_days, outcomes, signals
from store.outcome_days import Forecasts, Outcomes
from tests.store import paper
from tests.store.conftest import AsyncCaller

SIGNALS, OUTCOMES = paper.graded(300)


def write(connection: psycopg.Connection, rows: Sequence[Signal], ends: Sequence[Outcome]) -> int:
    with connection.transaction():
        signals.write(connection, rows)
        return outcomes.write(connection, ends)


def twin(ends: Sequence[Outcome]) -> dict[str, Any]:
    entered = [(e.return_pct, e.return_r, e.duration_s) for e in ends if e.return_r is not None]
    pct, r, lasted = ([each[at] or 0.0 for each in entered] for at in range(3))
    sums = {
        "outcomes": len(ends),
        "entered": len(entered),
        "wins": sum(each > 0 for each in r),
        "losses": sum(each < 0 for each in r),
        **{name: sum(e.outcome == name for e in ends) for name in ("tp_hit", "sl_hit", "expired")},
        "total_pct": sum(pct),
        "pct_squares": sum(each * each for each in pct),
        "total_r": sum(r),
        "r_squares": sum(each * each for each in r),
        "duration_s": sum(lasted),
        "least_pct": min(pct, default=None),
        "greatest_pct": max(pct, default=None),
    }
    return {name: None if value is None else pytest.approx(value, rel=1e-12) for name, value in sums.items()}


def plain(found: Outcomes | Forecasts) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__struct_fields__}


def chosen(**same: Any) -> list[tuple[Signal, Outcome]]:
    pairs = zip(SIGNALS, OUTCOMES, strict=True)
    return [(s, o) for s, o in pairs if all(getattr(s, name) == value for name, value in same.items())]


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"status": "emitted"},
        {"status": "suppressed", "symbol": "SOLUSDT"},
        {"timeframe": "1h"},
        {"symbol": "BTCUSDT", "timeframe": "5m", "status": "emitted"},
        {"symbol": "NONE"},
    ],
)
def test_sums_equal_those_over_the_outcomes(
    connection: psycopg.Connection, call: AsyncCaller, same: dict[str, Any]
) -> None:
    assert write(connection, SIGNALS, OUTCOMES) == len(OUTCOMES)
    found = chosen(**same)
    assert plain(call(outcome_days.outcomes, **same)) == twin([o for _, o in found])
    since, until = date(2026, 3, 4), date(2026, 3, 8)
    within = [o for _, o in found if since <= o.exit_at.date() <= until]
    assert plain(call(outcome_days.outcomes, **same, since=since, until=until)) == twin(within)


@pytest.mark.parametrize("same", [{}, {"status": "emitted"}, {"signal_type": "breakout"}, {"signal_type": "none"}])
def test_forecasts_are_summed_by_hundredths(
    connection: psycopg.Connection, call: AsyncCaller, same: dict[str, Any]
) -> None:
    write(connection, SIGNALS, OUTCOMES)
    steps: dict[int, list[tuple[float, bool]]] = {}
    for row, end in chosen(**same):
        if row.probability is not None and end.return_r is not None:
            step = min(99, int(round(row.probability * 100, 9)))
            steps.setdefault(step, []).append((row.probability, end.return_r > 0))
    expected = [
        Forecasts(
            step,
            len(pairs),
            sum(won for _, won in pairs),
            sum(p for p, _ in pairs),
            sum((p - won) ** 2 for p, won in pairs),
        )
        for step, pairs in sorted(steps.items())
    ]
    found = call(outcome_days.forecasts, **same)
    assert [plain(each) for each in found] == [
        {name: pytest.approx(value, rel=1e-12) for name, value in plain(each).items()} for each in expected
    ]


def test_symbols_are_ordered_by_number_of_outcomes(connection: psycopg.Connection, call: AsyncCaller) -> None:
    write(connection, SIGNALS, OUTCOMES)
    since = date(2026, 3, 4)
    found = []
    for symbol in paper.SYMBOLS:
        mine = chosen(symbol=symbol, status="emitted")
        ended = [o for _, o in mine if o.return_r is not None and o.exit_at.date() >= since]
        total = pytest.approx(sum(o.return_pct or 0.0 for o in ended))
        found.append((-len(ended), symbol, sum((o.return_r or 0) > 0 for o in ended), total))
    found.sort(key=lambda each: each[:2])
    asked = call(outcome_days.symbols, since=since, limit=2)
    assert [(-each.entered, each.symbol, each.wins, each.total_pct) for each in asked] == found[:2]


def test_replay_in_other_batches_changes_no_sum(connection: psycopg.Connection) -> None:
    def contents() -> set[str]:
        return {
            row
            for table in ("outcome_days", "forecast_days")
            for (row,) in connection.execute(f"SELECT {table}::text FROM {table}").fetchall()
        }

    write(connection, SIGNALS, OUTCOMES)
    once = contents()
    assert write(connection, SIGNALS, OUTCOMES) == 0
    assert contents() == once
    connection.execute("TRUNCATE outcomes, outcome_days, forecast_days")
    for first in range(0, 300, 17):
        write(connection, SIGNALS, OUTCOMES[max(0, first - 9) : first + 17])
    assert contents() == once


def test_outcome_without_its_signal_is_stored_but_not_counted(
    connection: psycopg.Connection, call: AsyncCaller
) -> None:
    assert write(connection, [], OUTCOMES[:3]) == 3
    assert call(outcome_days.outcomes).outcomes == 0
