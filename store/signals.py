"""Signals: the candidates of all strategies, emitted and suppressed, with how they ended.

Written once, by id; whatever comes again under the same id changes nothing and is not announced
again. The outcome is a row of its own (store/outcomes.py) and joined when a signal is read.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import psycopg

from domain.signals import Direction, FrameView, Outcome, Signal, Status
from store import outbox
from store.arrays import Texts
from store.columns import columns, unnest
from store.postgres import Pool, reachable

_COLUMNS: Final = {
    "id": "text",
    "venue": "text",
    "symbol": "text",
    "market_slug": "text",
    "signal_type": "text",
    "timeframe": "text",
    "direction": "text",
    "detected_at": "timestamptz",
    "entry_price": "float8",
    "take_profit": "float8",
    "stop_loss": "float8",
    "expires_at": "timestamptz",
    "status": "text",
    "suppressed_reason": "text",
    "raw_confidence": "float8",
    "mtf_aligned": "boolean",
    "mtf_score": "float8",
    "mtf_details": "json",
    "events": "jsonb",
    "features": "json",
    "reason": "text",
    "simulated": "boolean",
    "regime": "text",
    "adjusted_score": "float8",
    "time_decay_factor": "float8",
    "historical_boost": "float8",
    "correlation_boost": "float8",
    "risk_penalty": "float8",
    "final_score": "float8",
    "ranking": "int4",
    "probability": "float8",
    "expected_value_r": "float8",
    "model_version": "text",
    "correlations": "jsonb",
}
"""Name and Postgres type, in the order of the table and of `Signal`."""

_DOCUMENTS: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    "mtf_details": msgspec.json.Decoder(dict[str, FrameView]),
    "events": msgspec.json.Decoder(list[str]),
    "features": msgspec.json.Decoder(dict[str, float | None]),
    "correlations": msgspec.json.Decoder(list[str]),
}
_OUTCOME: Final = tuple(field.name for field in msgspec.structs.fields(Outcome))

_encoder = msgspec.json.Encoder()

_WRITE: Final = f"""
WITH fresh AS (
    INSERT INTO signals ({", ".join(_COLUMNS)})
    SELECT * FROM {unnest(_COLUMNS)}
    ON CONFLICT (id) DO NOTHING
    RETURNING id
)
INSERT INTO outbox (channel, payload)
SELECT 'signals', announced.payload
FROM unnest(%(announced)s, %(payloads)s) WITH ORDINALITY AS announced (id, payload, place)
JOIN fresh USING (id)
ORDER BY announced.place
"""  # noqa: S608  names and types of our own columns

_READ: Final = f"""
SELECT {", ".join(f"s.{name}::text" if name in _DOCUMENTS else f"s.{name}" for name in _COLUMNS)},
       {", ".join(f"o.{name}" for name in _OUTCOME)}
FROM signals s LEFT JOIN outcomes o ON o.signal_id = s.id
"""  # noqa: S608

_VERSIONS: Final = """
SELECT s.id, (o.signal_id IS NOT NULL)::int FROM signals s LEFT JOIN outcomes o ON o.signal_id = s.id
"""

_CONDITIONS: Final = {
    "symbol": "s.symbol = %(symbol)s",
    "venue": "s.venue = %(venue)s",
    "market_slug": "s.market_slug = %(market_slug)s",
    "timeframe": "s.timeframe = %(timeframe)s",
    "direction": "s.direction = %(direction)s",
    "signal_type": "s.signal_type = %(signal_type)s",
    "status": "s.status = %(status)s",
    "min_confidence": "s.raw_confidence >= %(min_confidence)s",
    "mtf_aligned": "s.mtf_aligned = %(mtf_aligned)s",
    "since": "s.detected_at >= %(since)s",
    "until": "s.detected_at < %(until)s",
}


class SignalFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which signals; None lets all pass.

    Attributes
    ----------
    status
        `emitted` unless asked otherwise.
    min_confidence
        Least `raw_confidence`.
    since, until
        `detected_at` from `since` on and before `until`.
    """

    symbol: str | None = None
    venue: str | None = None
    market_slug: str | None = None
    timeframe: str | None = None
    direction: Direction | None = None
    signal_type: str | None = None
    status: Status | None = "emitted"
    min_confidence: float | None = None
    mtf_aligned: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


class Cursor(NamedTuple):
    """The place of one signal in the order by (detected_at, id)."""

    detected_at: datetime
    id: str


def write(connection: psycopg.Connection, signals: Sequence[Signal]) -> int:
    """Write signals and, in the same statement, the outbox row of each emitted one that is new.

    Call it in a transaction, and `outbox.drain` after the commit.

    Returns
    -------
    int
        How many signals wait in the outbox because of this call.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    # The first of an id wins here too, or its outbox row would be written twice.
    first = {signal.id: signal for signal in reversed(signals)}
    rows = sorted(first.values(), key=lambda signal: (signal.detected_at, signal.id))
    if not rows:
        return 0
    parameters = columns(rows, _COLUMNS)
    for name in _DOCUMENTS:
        parameters[name] = Texts([_encoder.encode(getattr(row, name)).decode() for row in rows])
    emitted = [row for row in rows if row.status == "emitted"]
    parameters["announced"] = Texts([row.id for row in emitted])
    parameters["payloads"] = Texts([payload(row).decode() for row in emitted])
    with reachable():
        if emitted:
            outbox.take_turn(connection)
        return connection.execute(_WRITE, parameters).rowcount


def payload(signal: Signal) -> bytes:
    """What the feed carries: the signal as JSON."""
    return _encoder.encode(signal)


async def page(
    pool: Pool, chosen: SignalFilter, *, limit: int, before: Cursor | None = None, offset: int = 0
) -> list[Signal]:
    """Signals, newest first: by (detected_at, id) descending.

    Parameters
    ----------
    before
        Only signals that stand after this place in that order. Pages by it stay put while new signals arrive.
    offset
        How many to skip; slower the larger it is.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    where, values = _where(chosen)
    if before is not None:
        where += " AND (s.detected_at, s.id) < (%(before_at)s, %(before_id)s)"
        values |= {"before_at": before.detected_at, "before_id": before.id}
    query = f"{_READ} WHERE {where} ORDER BY s.detected_at DESC, s.id DESC LIMIT %(limit)s OFFSET %(offset)s"
    with reachable():
        async with pool.connection() as connection:
            cursor = await connection.execute(query, values | {"limit": limit, "offset": offset})
            return [_signal(row) for row in await cursor.fetchall()]


async def count(pool: Pool, chosen: SignalFilter) -> int:
    """How many signals pass.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    where, values = _where(chosen)
    with reachable():
        async with pool.connection() as connection:
            cursor = await connection.execute(f"SELECT count(*) FROM signals s WHERE {where}", values)  # noqa: S608
            row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def some(pool: Pool, ids: Sequence[str]) -> list[Signal]:
    """The signals of these ids, in no order.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with reachable():
        async with pool.connection() as connection:
            cursor = await connection.execute(f"{_READ} WHERE s.id = ANY(%s)", (list(ids),))
            return [_signal(row) for row in await cursor.fetchall()]


async def versions(pool: Pool, chosen: SignalFilter, *, floor: Cursor | None) -> dict[str, int]:
    """Ids of the signals that stand at this place or are newer, None: of all; and 1 if they have ended, else 0.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    where, values = _where(chosen)
    if floor is not None:
        where += " AND (s.detected_at, s.id) >= (%(floor_at)s, %(floor_id)s)"
        values |= {"floor_at": floor.detected_at, "floor_id": floor.id}
    query = f"{_VERSIONS} WHERE {where}"
    with reachable():
        async with pool.connection() as connection:
            return dict(await (await connection.execute(query, values)).fetchall())


async def beneath(pool: Pool, chosen: SignalFilter, floor: Cursor) -> int:
    """How many signals pass that are older than this place.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached, or cannot count them in time.
    """
    where, values = _where(chosen)
    query = f"SELECT count(*) FROM signals s WHERE {where} AND (s.detected_at, s.id) < (%(at)s, %(id)s)"  # noqa: S608
    with reachable():
        async with pool.connection() as connection:
            cursor = await connection.execute(query, values | {"at": floor.detected_at, "id": floor.id})
            ((found,),) = await cursor.fetchall()
    return int(found)


async def one(pool: Pool, signal_id: str) -> Signal | None:
    """The signal of that id, whatever its status.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with reachable():
        async with pool.connection() as connection:
            cursor = await connection.execute(f"{_READ} WHERE s.id = %s", (signal_id,))
            row = await cursor.fetchone()
    return _signal(row) if row else None


def _where(chosen: SignalFilter) -> tuple[str, dict[str, Any]]:
    values = {name: value for name, value in msgspec.structs.asdict(chosen).items() if value is not None}
    return " AND ".join(["TRUE", *(_CONDITIONS[name] for name in values)]), values


def _signal(row: tuple[Any, ...]) -> Signal:
    values = dict(zip(_COLUMNS, row, strict=False))
    for name, decoder in _DOCUMENTS.items():
        values[name] = decoder.decode(values[name])
    outcome = row[len(_COLUMNS) :]
    if outcome[0] is not None:
        values["outcome"] = Outcome(**dict(zip(_OUTCOME, outcome, strict=True)))
    return Signal(**values)
