"""Performance: what the trades of each strategy and of each bucket of confidence earned so far."""

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
    """  # noqa: S608  names of our own columns


_WRITE_STRATEGY: Final = _upsert("signal_performance", _OF_STRATEGY, ["account", "signal_type"])
_WRITE_BUCKET: Final = _upsert("confidence_buckets", _OF_BUCKET, ["account", "bucket_min", "bucket_max"])


def write(connection: psycopg.Connection, performance: Sequence[Performance]) -> int:
    """Write the newest of each group and its outbox row; what knows of no more trades changes nothing.

    Returns
    -------
    int
        How many wait in the outbox because of this call.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    newest: dict[tuple[str, str, str], Performance] = {}
    for each in sorted(performance, key=lambda row: row.total_trades):
        newest[each.account, each.group, each.name] = each
    if not newest:
        return 0
    with map_errors():
        outbox.lock(connection)
        changed = [each for each in newest.values() if _write_one(connection, each)]
        for each in changed:
            connection.execute(_ANNOUNCE, (_encoder.encode(each).decode(),))
    return len(changed)


_ANNOUNCE: Final = "INSERT INTO outbox (channel, payload) VALUES ('performance', %s)"


def _write_one(connection: psycopg.Connection, given: Performance) -> bool:
    values = {
        **{name: getattr(given, name) for name in ("account", "total_trades", "wins", "losses", "streak")},
        **{name: getattr(given, name) for name in ("total_pnl", "gains", "losings", "max_drawdown", "days", *_SUMS)},
        "avg_pnl": given.total_pnl / given.total_trades,
    }
    if given.group == "confidence":
        low = float(given.name.split("-")[0])
        values |= {"bucket_min": low, "bucket_max": round(low + 1.0 / BUCKETS, 9)}
        return connection.execute(_WRITE_BUCKET, values).rowcount == 1
    values |= {"signal_type": given.name, "sharpe_ratio": sharpe_ratio(given)}
    return connection.execute(_WRITE_STRATEGY, values).rowcount == 1


def sharpe_ratio(given: Performance) -> float | None:
    """Annualised Sharpe ratio of the daily returns of what was closed; None under 2 days or without variance."""
    if given.days < 2:
        return None
    mean = given.day_returns / given.days
    variance = (given.day_return_squares - given.days * mean * mean) / (given.days - 1)
    # What is left of equal returns is a rounding error.
    if variance <= 1e-12 * given.day_return_squares:
        return None
    return mean / math.sqrt(variance) * math.sqrt(DAYS_A_YEAR)
