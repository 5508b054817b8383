from collections.abc import Iterator

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import bars
from store.bars import Bar, BarColumns
from tests.store import records
from tests.store.conftest import AsyncCaller

batches = st.lists(st.lists(records.bars(), max_size=6), max_size=4)


@pytest.fixture(params=["live", "backfill"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both ways of writing, with batches that are split."""
    monkeypatch.setattr(bars, "_BACKFILL", 1 if request.param == "backfill" else 1_000)
    monkeypatch.setattr(bars, "_BATCH", 4)
    return request.param


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
@given(batches=batches, limit=st.integers(1, 4))
def test_bars_are_read_back_as_written(
    connection: psycopg.Connection, call: AsyncCaller, path: str, batches: list[list[Bar]], limit: int
) -> None:
    connection.execute("TRUNCATE bars")
    expected: dict[tuple[object, ...], Bar] = {}
    for batch in batches:
        known = len(expected)
        for bar in batch:
            expected.setdefault((bar.instrument, bar.timeframe, bar.open_time), bar)
        written = bars.write(connection, records.bar_columns(batch)) if batch else 0
        assert written == len(expected) - known
    for name, frame in {(bar.instrument, bar.timeframe) for bar in expected.values()} | {("nothing", "1m")}:
        own = [bar for bar in expected.values() if (bar.instrument, bar.timeframe) == (name, frame)]
        found: list[Bar] = []
        before = None
        while some := call(bars.page, name, frame, limit=limit, before=before):
            found += some
            before = some[-1].open_time
        assert found == sorted(own, key=lambda bar: bar.open_time, reverse=True)


def test_failed_insert_does_not_abort_the_transaction(connection: psycopg.Connection, call: AsyncCaller) -> None:
    columns = _many(4_000)
    bars.write(connection, BarColumns(*(column[-1:] for column in columns)))
    with connection.transaction():
        connection.execute("INSERT INTO outbox (channel, payload) VALUES ('signals', 'kept')")
        assert bars.write(connection, columns) == 3_999
    assert connection.execute("SELECT payload FROM outbox").fetchall() == [("kept",)]
    assert connection.execute("SELECT count(*) FROM bars").fetchone() == (4_000,)


def test_join_concatenates_columns() -> None:
    whole = _many(10)
    parts = [BarColumns(*(column[start:end] for column in whole)) for start, end in ((0, 3), (3, 3), (3, 10))]
    for column, expected in zip(bars.join(parts), whole, strict=True):
        np.testing.assert_array_equal(column, expected)


def _many(rows: int) -> BarColumns:
    times = np.datetime64("2013-10-07", "us") + np.arange(rows) * np.timedelta64(60_000_000, "us")
    ones = np.ones(rows)
    return BarColumns(
        ["a:b"] * rows,
        ["1m"] * rows,
        times,
        times + np.timedelta64(1, "m"),
        *[ones] * 7,
        trades=np.arange(rows),
        synthetic=ones == 0,
        incomplete=ones == 1,
    )
