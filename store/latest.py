"""Latest: the latest feature row of each symbol and timeframe, as a Redis hash such as `BTCUSDT:features:5m`.

The hash has a field for each warm feature, and `close_time` and `instrument`. It is always replaced as a whole, so that
no old value of a feature remains that is no longer warm or was removed.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import redis
import redis.asyncio

from domain.instruments import symbol_of
from store.redis_server import map_errors


class FeatureRow(NamedTuple):
    """The features of one closed bar.

    Attributes
    ----------
    close_time
        RFC 3339.
    values
        Feature to value; values that are not finite are not stored.
    """

    instrument: str
    timeframe: str
    close_time: str
    values: Mapping[str, float]


def key(symbol: str, timeframe: str) -> str:
    """Key of the hash of a symbol and timeframe."""
    return f"{symbol}:features:{timeframe}"


def write(client: redis.Redis, rows: Sequence[FeatureRow], *, ttl_s: int) -> None:
    """Replace the hashes of `rows`; each expires `ttl_s` seconds after its latest row.

    Raises
    ------
    ServiceError
        If Redis cannot be reached or is full.
    """
    with map_errors(), client.pipeline(transaction=True) as pipeline:
        for row in rows:
            name = key(symbol_of(row.instrument), row.timeframe)
            fields: dict[Any, Any] = {feature: value for feature, value in row.values.items() if math.isfinite(value)}
            pipeline.delete(name)
            pipeline.hset(name, mapping=fields | {"close_time": row.close_time, "instrument": row.instrument})
            pipeline.expire(name, ttl_s)
        pipeline.execute()


async def read(client: redis.asyncio.Redis, symbol: str, timeframe: str) -> FeatureRow | None:
    """The latest row of a symbol and timeframe; None if there is none.

    Raises
    ------
    ServiceError
        If Redis cannot be reached.
    """
    with map_errors():
        reply: Any = await client.hgetall(key(symbol, timeframe))
    if not reply:
        return None
    fields = {name.decode(): value.decode() for name, value in reply.items()}
    instrument, close_time = fields.pop("instrument"), fields.pop("close_time")
    return FeatureRow(instrument, timeframe, close_time, {name: float(value) for name, value in fields.items()})
