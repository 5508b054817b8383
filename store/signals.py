"""Signals: candidates of all strategies, emitted and suppressed, with their outcomes.

A signal is written once, by id; writing the same id again changes nothing and publishes nothing. The outcome is a row
of another table (store/outcomes.py), joined when a signal is read.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import psycopg

from domain.signals import FrameView, Outcome, Signal
from store import outbox
from store.arrays import Texts
from store.columns import columns, unnest
from store.listing import Listing
from store.postgres import map_errors

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
SELECT 'signals', messages.payload
FROM unnest(%(emitted)s, %(payloads)s) WITH ORDINALITY AS messages (id, payload, ordinal)
JOIN fresh USING (id)
ORDER BY messages.ordinal
"""  # noqa: S608  names and types of columns, no user input


def _signal(row: tuple[Any, ...]) -> Signal:
    values = dict(zip(_COLUMNS, row, strict=False))
    for name, decoder in _DOCUMENTS.items():
        values[name] = decoder.decode(values[name])
    outcome = row[len(_COLUMNS) :]
    if outcome[0] is not None:
        values["outcome"] = Outcome(**dict(zip(_OUTCOME, outcome, strict=True)))
    return Signal(**values)


LISTING: Final = Listing(
    "signals AS s LEFT JOIN outcomes AS o ON o.signal_id = s.id",
    "detected_at",
    ", ".join(
        [
            *(f"s.{name}::text" if name in _DOCUMENTS else f"s.{name}" for name in _COLUMNS),
            *(f"o.{name}" for name in _OUTCOME),
        ]
    ),
    {
        "symbol": "symbol = %(symbol)s",
        "venue": "venue = %(venue)s",
        "market_slug": "market_slug = %(market_slug)s",
        "timeframe": "timeframe = %(timeframe)s",
        "direction": "direction = %(direction)s",
        "signal_type": "signal_type = %(signal_type)s",
        "status": "status = %(status)s",
        "min_confidence": "raw_confidence >= %(min_confidence)s",
        "mtf_aligned": "mtf_aligned = %(mtf_aligned)s",
        "since": "detected_at >= %(since)s",
        "until": "detected_at < %(until)s",
    },
    _signal,
    version="(o.signal_id IS NOT NULL)::int",  # a signal changes once, when it gets its outcome
)
"""Signals, emitted and suppressed, by (detected_at, id) descending."""


def write(connection: psycopg.Connection, signals: Sequence[Signal]) -> int:
    """Write signals and, in the same statement, an outbox row for each emitted signal that is new.

    Call it in a transaction, and `outbox.drain` after the commit.

    Returns
    -------
    int
        The number of outbox rows.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    # Of equal ids the first is kept here too; otherwise two outbox rows would be written.
    first = {signal.id: signal for signal in reversed(signals)}
    rows = sorted(first.values(), key=lambda signal: (signal.detected_at, signal.id))
    if not rows:
        return 0
    parameters = columns(rows, _COLUMNS)
    for name in _DOCUMENTS:
        parameters[name] = Texts([_encoder.encode(getattr(row, name)).decode() for row in rows])
    emitted = [row for row in rows if row.status == "emitted"]
    parameters["emitted"] = Texts([row.id for row in emitted])
    parameters["payloads"] = Texts([payload(row).decode() for row in emitted])
    with map_errors():
        if emitted:
            outbox.lock(connection)
        return connection.execute(_WRITE, parameters).rowcount


def payload(signal: Signal) -> bytes:
    """The message that is published: the signal as JSON."""
    return _encoder.encode(signal)
