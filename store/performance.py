"""Performance: cumulative results of the trades of each strategy and of each confidence bucket."""

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import psycopg

from domain.performance import BUCKETS, Performance
from store import outbox
from store.postgres import map_errors

DAYS_A_YEAR: Final = 365

_encoder = msgspec.json.Encoder()

_SUMS: Final = ("total_r", "r_squares", "predicted", "probability_sum", "brier_sum", "last_updated")
_OF_STRATEGY: Final = (
    *("account", "signal_type", "total_trades", "wins", "losses", "streak", "total_pnl", "avg_pnl", "gains", "losings"),
    *("sharpe_ratio", "max_drawdown", "days", *_SUMS),
)
_OF_BUCKET: Final = (
    *("account", "bucket_min", "bucket_max", "total_trades", "wins", "losses", "avg_pnl", "total_pnl"),
    *_SUMS,
)


def _upsert(table: str, names: Sequence[str], key: Sequence[str]) -> str:
    changes = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
    return f"""
        INSERT INTO {table} AS old ({", ".join(names)}) VALUES ({", ".join(f"%({name})s" for name in names)})
        ON CONFLICT ({", ".join(key)}) DO UPDATE SET {changes} WHERE old.total_trades < excluded.total_trades
    """  # noqa: S608  names of columns, no user input


_WRITE_STRATEGY: Final = _upsert("signal_performance", _OF_STRATEGY, ["account", "signal_type"])
_WRITE_BUCKET: Final = _upsert("confidence_buckets", _OF_BUCKET, ["account", "bucket_min", "bucket_max"])


def write(connection: psycopg.Connection, performance: Sequence[Performance]) -> int:
    """Write the latest performance of each group, and an outbox row for each; ignores rows without additional trades.

    Returns
    -------
    int
        The number of outbox rows.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    latest: dict[tuple[str, str, str], Performance] = {}
    for each in sorted(performance, key=lambda row: row.total_trades):
        latest[each.account, each.group, each.name] = each
    if not latest:
        return 0
    with map_errors():
        outbox.lock(connection)
        changed = [each for each in latest.values() if _write_one(connection, each)]
        for each in changed:
            connection.execute(_PUBLISH, (_encoder.encode(each).decode(),))
    return len(changed)


_PUBLISH: Final = "INSERT INTO outbox (channel, payload) VALUES ('performance', %s)"


def _write_one(connection: psycopg.Connection, performance: Performance) -> bool:
    values = {
        **{name: getattr(performance, name) for name in ("account", "total_trades", "wins", "losses", "streak")},
        **{
            name: getattr(performance, name)
            for name in ("total_pnl", "gains", "losings", "max_drawdown", "days", *_SUMS)
        },
        "avg_pnl": performance.total_pnl / performance.total_trades,
    }
    if performance.group == "confidence":
        low = float(performance.name.split("-")[0])
        values |= {"bucket_min": low, "bucket_max": round(low + 1.0 / BUCKETS, 9)}
        return connection.execute(_WRITE_BUCKET, values).rowcount == 1
    values |= {"signal_type": performance.name, "sharpe_ratio": sharpe_ratio(performance)}
    return connection.execute(_WRITE_STRATEGY, values).rowcount == 1


def sharpe_ratio(performance: Performance) -> float | None:
    """Annualised Sharpe ratio of the daily returns of closed trades; None with less than 2 days or without variance."""
    if performance.days < 2:
        return None
    mean = performance.day_returns / performance.days
    variance = (performance.day_return_squares - performance.days * mean * mean) / (performance.days - 1)
    # The variance of equal returns is a rounding error instead of 0.
    if variance <= 1e-12 * performance.day_return_squares:
        return None
    return mean / math.sqrt(variance) * math.sqrt(DAYS_A_YEAR)
