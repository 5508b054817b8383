"""How long analytics queries take over a million outcomes and as many trades.

A real Postgres, filled by the SQL statements that the store uses, and the API in this process: a response time is that
of the whole application, from the request to the last byte, without a network.

    python -m benchmarks.analytics [--outcomes N] [--requests N]
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import numpy as np
import psycopg

from api.app import build
from api.settings import ApiSettings
from benchmarks.report import Table, publish
from benchmarks.services import services
from store import outcome_days, trade_days
from store.postgres import connect

DAYS, SYMBOLS = 365, 50
AT_ONCE = 20_000
DRAWN = f"""
CREATE TEMPORARY TABLE drawn AS
SELECT number, md5(number::text) AS id, 'S' || number %% {SYMBOLS} AS symbol, 'strategy_' || number %% 9 AS signal_type,
       'regime_' || number / 7 %% 10 AS regime, 0.3 + 0.5 * random() AS probability, random() AS luck,
       now() - interval '{DAYS} days' + number * interval '{DAYS} days' / %(count)s AS at
FROM generate_series(1, %(count)s) AS number
"""
SIGNALS = """
INSERT INTO signals (id, venue, symbol, market_slug, signal_type, timeframe, direction, detected_at, entry_price,
    take_profit, stop_loss, expires_at, status, raw_confidence, mtf_aligned, mtf_score, mtf_details, events, features,
    reason, simulated, regime, probability, correlations)
SELECT id, 'bench', symbol, lower(symbol), signal_type, '5m', 'long', at, 100, 102, 99, at + interval '4 hours',
    'emitted', 0.6, true, 0.75, '{}', '[]', '{}', 'The close broke the range.', true, regime, probability, '[]'
FROM drawn WHERE number BETWEEN %(first)s AND %(last)s
"""
OUTCOMES = f"""
WITH fresh AS (
    INSERT INTO outcomes
    SELECT id, CASE WHEN luck < probability THEN 'tp_hit' ELSE 'sl_hit' END, at, at + interval '1 hour', 100, 101,
        CASE WHEN luck < probability THEN 1.5 ELSE -1 END, CASE WHEN luck < probability THEN 1.4 ELSE -1.1 END, 1, -1,
        3600
    FROM drawn WHERE number BETWEEN %(first)s AND %(last)s RETURNING *
), {outcome_days.ADD} SELECT count(*) FROM fresh
"""
TRADES = f"""
WITH fresh AS (
    INSERT INTO trade_executions
    SELECT 'e' || id, id, 'bench', symbol, lower(symbol), signal_type, '5m', 'long', at, at + interval '1 hour', 100,
        at, 101, at + interval '1 hour', 1, 100, 10, 0.1, CASE WHEN luck < probability THEN 14 ELSE -11 END,
        CASE WHEN luck < probability THEN 14 ELSE -11 END, CASE WHEN luck < probability THEN 1.4 ELSE -1.1 END,
        CASE WHEN luck < probability THEN 'win' ELSE 'loss' END, NULL, regime, probability, 100000, true, 2
    FROM drawn WHERE number BETWEEN %(first)s AND %(last)s RETURNING *
), {trade_days.ADD} SELECT count(*) FROM fresh
"""
OPEN = """
INSERT INTO trade_executions
SELECT 'o' || id, 'o' || id, 'bench', symbol, lower(symbol), signal_type, '5m', 'long', at, at, 100, at, NULL, NULL, 1,
    100, 10, 0, NULL, NULL, NULL, 'open', NULL, regime, probability, 100000, true, 1
FROM drawn WHERE number <= 50
"""
EQUITY = f"""
INSERT INTO account_equity
SELECT date_trunc('day', now()) - day * interval '1 day', 100000, 0.01 * (random() - 0.48), -0.1 * random(), 3, 0.5
FROM generate_series(1, {DAYS}) AS day
"""
COLUMNS = ("case", "median ms", "p95 ms", "bytes")
CASES = {
    "performance": "/api/v1/analytics/performance",
    "performance of a period": "/api/v1/analytics/performance?since=2000-01-01",
    "performance of a symbol": "/api/v1/analytics/performance?symbol=S7",
    "by signal type": "/api/v1/analytics/by-signal-type",
    "by confidence": "/api/v1/analytics/by-confidence",
    "trades, with total": "/api/v1/analytics/trades?per_page=20",
    "trades of a symbol": "/api/v1/analytics/trades?per_page=20&symbol=S7",
    "open positions": "/api/v1/analytics/open-positions",
    "calibration": "/api/v1/analytics/calibration",
    "equity": "/api/v1/analytics/equity",
    "stats, 30 days": "/performance/stats?lookback_days=30",
    "stats of a symbol, a year": "/performance/stats?symbol=S7&timeframe=5m&lookback_days=365",
    "signals, 20": "/api/v1/signals?limit=20",
}
TABLE = Table("analytics", "Analytics over a million outcomes, one request at a time", COLUMNS, tuple(CASES))


def fill(connection: psycopg.Connection, count: int) -> None:
    """Signals, outcomes, trades and their sums, as the ledger writes them."""
    connection.execute(DRAWN, {"count": count})
    connection.execute("CREATE INDEX ON drawn (number)")
    for first in range(1, count + 1, AT_ONCE):
        batch = {"first": first, "last": first + AT_ONCE - 1}
        for statement in (SIGNALS, OUTCOMES, TRADES):
            connection.execute(statement, batch)
    connection.execute(OPEN)
    connection.execute(EQUITY)
    for table in ("signals", "outcomes", "trade_executions", "trade_days", "outcome_days", "forecast_days"):
        connection.execute(f"VACUUM ANALYZE {table}")


@contextmanager
def timed(told: list[float]) -> Iterator[None]:
    began = time.perf_counter()
    yield
    told.append((time.perf_counter() - began) * 1000)


async def measure(database_url: str, redis_url: str, requests: int) -> list[tuple[Any, ...]]:
    """Every case, one request at a time."""
    app = build(
        ApiSettings(port=0),
        database_url=database_url,
        redis_url=redis_url,
        now_ns=time.time_ns,
        steady_s=time.perf_counter,
    )
    rows = []
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        for what, path in CASES.items():
            took: list[float] = []
            for _ in range(3):
                await client.get(path)
            for _ in range(requests):
                with timed(took):
                    answer = await client.get(path)
                assert answer.status_code == 200, answer.text
            rows.append((what, statistics.median(took), float(np.percentile(took, 95)), len(answer.content)))
    return rows


def main() -> None:
    """Start and fill the servers, measure and publish the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outcomes", type=int, default=1_000_000, help="in the database (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=40, help="of each kind (default: %(default)s)")
    options = parser.parse_args()
    with services() as (database, cache):
        with connect(database.url, statement_timeout_s=0) as connection:
            began = time.perf_counter()
            fill(connection, options.outcomes)
            filled_s = time.perf_counter() - began
            sums = [
                f"{table} {connection.execute(f'SELECT count(*) FROM {table}').fetchone()[0]:,}"  # type: ignore[index]
                for table in ("trade_days", "outcome_days", "forecast_days")
            ]
        rows = asyncio.run(measure(database.url, cache.url, options.requests))
    filled = f"{options.outcomes:,} outcomes and trades of {SYMBOLS} symbols and 9 strategies in {DAYS} days"
    publish(TABLE, rows, [filled, f"rows of stored sums: {', '.join(sums)}; written in {filled_s:,.0f} s"])


if __name__ == "__main__":
    main()
