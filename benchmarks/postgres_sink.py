"""Durable rows per second into Postgres: each way that the store writes, and two that it does not use.

A Postgres instance of our own on this disk, with fsync on. Bars of 1,000 instruments in time order, as a live engine or
a replay writes them. For comparison: psycopg's `executemany`, as most programs write, and COPY to a temporary table
with an upsert from there, the usual advice for backfills.

    python -m benchmarks.postgres_sink [--rows N] [--runs N]
"""

import argparse
import time
from collections.abc import Callable
from datetime import UTC
from typing import Any, NamedTuple

import numpy as np

from benchmarks.report import Table, median_rate, publish
from benchmarks.services import services
from domain import clock, ids
from domain.signals import Event, FrameView, Signal
from store import bars, events, feed, outbox, signals
from store.bars import BarColumns
from store.postgres import Connection, connect, transaction

INSTRUMENTS = 1_000
START = np.datetime64("2024-01-01", "us")
LIVE, BACKFILL = 1_000, 20_000  # rows in a batch
NAMES = [f"bench:S{number}" for number in range(INSTRUMENTS)]
_COLUMNS = ", ".join(BarColumns._fields)
TABLE = Table(
    "postgres_sink",
    "Durable writes to Postgres",
    ("case", "rows per batch", "rows", "rows/s", "target"),
    (
        "bars, live",
        "bars, backfill",
        "bars, backfill of existing rows",
        "bars, executemany",
        "bars, COPY and upsert",
        "events, live",
        "signals, published",
    ),
)


def market(count: int) -> BarColumns:
    """`count` 1m bars, instrument after instrument within each minute."""
    rng = np.random.default_rng(7)
    times = START + np.arange(count) // INSTRUMENTS * np.timedelta64(60_000_000, "us")
    close = 100 + rng.normal(0, 1, count)
    return BarColumns(
        instrument=[NAMES[at % INSTRUMENTS] for at in range(count)],
        timeframe=["1m"] * count,
        open_time=times,
        close_time=times + np.timedelta64(1, "m"),
        open=close,
        high=close + 1,
        low=close - 1,
        close=close,
        volume=rng.exponential(1, count),
        quote_volume=rng.exponential(100, count),
        buy_volume=rng.exponential(1, count),
        trades=rng.integers(1, 100, count),
        synthetic=np.zeros(count, bool),
        incomplete=np.zeros(count, bool),
    )


def batches(whole: BarColumns, size: int) -> list[BarColumns]:
    """The bars cut into batches."""
    columns: tuple[Any, ...] = whole
    return [BarColumns(*(column[at : at + size] for column in columns)) for at in range(0, len(whole.instrument), size)]


def by_ledger(connection: Connection, batch: BarColumns) -> None:
    """As the sink writes."""
    with transaction(connection):
        bars.write(connection, batch)


def by_executemany(connection: Connection, batch: BarColumns) -> None:
    """A statement a row, pipelined by psycopg."""
    places = ", ".join(["%s"] * len(BarColumns._fields))
    with transaction(connection), connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO bars ({_COLUMNS}) VALUES ({places}) ON CONFLICT DO NOTHING", rows(batch))


def by_copy(connection: Connection, batch: BarColumns) -> None:
    """COPY to a temporary table, and an upsert from there."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS incoming (LIKE bars)")
    with transaction(connection), connection.cursor() as cursor:
        connection.execute("TRUNCATE incoming")
        with cursor.copy(f"COPY incoming ({_COLUMNS}) FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["text"] * 2 + ["timestamptz"] * 2 + ["float8"] * 7 + ["int8", "bool", "bool"])
            for row in rows(batch):
                copy.write_row(row)
        connection.execute(f"INSERT INTO bars ({_COLUMNS}) SELECT {_COLUMNS} FROM incoming ON CONFLICT DO NOTHING")


def rows(batch: BarColumns) -> list[tuple[object, ...]]:
    """The batch as Python rows, as a program has them that does not keep columns."""
    times = ([at.replace(tzinfo=UTC) for at in column.tolist()] for column in batch[2:4])
    return list(zip(*batch[:2], *times, *(column.tolist() for column in batch[4:]), strict=True))


def signal(number: int) -> Signal:
    """An emitted signal of ordinary size."""
    at_ns = 1_704_067_200 * clock.SECOND + number * clock.MINUTE
    return Signal(
        id=ids.signal_id("bench:S1", "5m", "trend_breakout", 1, at_ns),
        venue="bench",
        symbol="S1",
        market_slug="s1",
        signal_type="trend_breakout",
        timeframe="5m",
        direction="long",
        detected_at=clock.to_datetime(at_ns),
        entry_price=100.0,
        take_profit=102.0,
        stop_loss=99.0,
        expires_at=clock.to_datetime(at_ns + clock.HOUR),
        status="emitted",
        suppressed_reason=None,
        raw_confidence=0.7,
        mtf_aligned=True,
        mtf_score=0.6,
        mtf_details={frame: FrameView(1, 0.5) for frame in ("1m", "5m", "15m", "1h")},
        events=["breakout", "volume_spike"],
        features={f"feature_{column}": 1.0 / (number + column + 1) for column in range(28)},
        reason="Long S1 5m: breakout up (0.82), aligned on 3 of 4 frames, target 102.0, stop 99.0.",
        simulated=True,
    )


def event(number: int) -> Event:
    """An event of ordinary size."""
    at_ns = 1_704_067_200 * clock.SECOND + number * clock.SECOND
    return Event(
        id=ids.event_id("bench:S1", "5m", "breakout", at_ns),
        venue="bench",
        symbol="S1",
        timeframe="5m",
        detector="breakout",
        direction=1,
        strength=0.5,
        detected_at=clock.to_datetime(at_ns),
        simulated=True,
    )


def write_events(connection: Connection, batch: list[Event]) -> None:
    """As the sink writes."""
    with transaction(connection):
        events.write(connection, batch)


class Case(NamedTuple):
    """One line of the table."""

    what: str
    wanted: int | None
    batches: list[Any]
    write: Callable[[Connection, Any], None]
    again: bool = False  # everything is there before the clock starts


def cut(whole: list[Any], size: int) -> list[list[Any]]:
    """A list in batches."""
    return [whole[at : at + size] for at in range(0, len(whole), size)]


def main() -> None:
    """Start the servers, measure and publish the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000, help="bars in each run (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="runs of which the median is told (default: %(default)s)")
    options = parser.parse_args()
    with services() as (database, cache):
        measure(database.url, cache.url, options.rows, options.runs, database.origin)


def measure(database_url: str, redis_url: str, count: int, runs: int, origin: str) -> None:
    """All ways in one run."""
    whole, part = market(count), market(count // 4)
    with connect(database_url) as connection, feed.connect(redis_url) as client:

        def write_signals(connection: Connection, batch: list[Signal]) -> None:
            with transaction(connection):
                signals.write(connection, batch)
            outbox.drain(connection, client)

        def seconds(case: Case) -> float:
            connection.execute("TRUNCATE bars, events, signals, outbox")
            client.flushall()
            for batch in case.batches if case.again else ():
                case.write(connection, batch)
            connection.execute("CHECKPOINT")
            began = time.perf_counter()
            for batch in case.batches:
                case.write(connection, batch)
            return time.perf_counter() - began

        cases = [
            Case("bars, live", 50_000, batches(whole, LIVE), by_ledger),
            Case("bars, backfill", 150_000, batches(whole, BACKFILL), by_ledger),
            Case("bars, backfill of existing rows", 150_000, batches(whole, BACKFILL), by_ledger, again=True),
            Case("bars, executemany", None, batches(part, LIVE), by_executemany),
            Case("bars, COPY and upsert", None, batches(part, BACKFILL), by_copy),
            Case("events, live", 50_000, cut([event(number) for number in range(50_000)], LIVE), write_events),
            Case("signals, published", None, cut([signal(number) for number in range(10_000)], 100), write_signals),
        ]
        told = []
        for case in cases:
            rows = [len(batch[0]) if isinstance(batch, BarColumns) else len(batch) for batch in case.batches]
            seconds(case._replace(batches=case.batches[:1]))  # makes the partitions
            rate = median_rate(lambda case=case: seconds(case), sum(rows), runs)  # type: ignore[misc]
            told.append((case.what, rows[0], sum(rows), rate, case.wanted))
    publish(TABLE, told, [origin, f"fsync and synchronous_commit on, medians of {runs}"])


if __name__ == "__main__":
    main()
