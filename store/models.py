"""Models: trained models, when each was active, and its out-of-sample metrics."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg

from store.arrays import Texts
from store.columns import columns, unnest
from store.listing import Listing
from store.postgres import map_errors


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A trained model.

    Attributes
    ----------
    id
        Hash of the model bundle, 32 hexadecimal digits.
    activated_at, retired_at
        When it was first used live, and when another model replaced it; null if never.
    first_at, last_at, candidates
        Period and number of the graded candidates in its training data.
    features
        Feature names, in column order.
    schema_hash
        Hash of those names.
    metrics
        Out-of-sample metrics; null where undefined.
    """

    id: str
    model_type: str
    trained_at: datetime
    activated_at: datetime | None
    retired_at: datetime | None
    first_at: datetime
    last_at: datetime
    candidates: int
    features: list[str]
    schema_hash: str
    metrics: dict[str, float | None]


_COLUMNS: Final = {
    "id": "text",
    "model_type": "text",
    "trained_at": "timestamptz",
    "activated_at": "timestamptz",
    "retired_at": "timestamptz",
    "first_at": "timestamptz",
    "last_at": "timestamptz",
    "candidates": "int8",
    "features": "jsonb",
    "schema_hash": "text",
    "metrics": "json",
}
"""Name and Postgres type, in the order of the table and of `Model`."""

_WRITE: Final = f"""
INSERT INTO models AS old ({", ".join(_COLUMNS)})
SELECT * FROM {unnest(_COLUMNS)}
ON CONFLICT (id) DO UPDATE SET
    activated_at = coalesce(old.activated_at, excluded.activated_at),
    retired_at = coalesce(old.retired_at, excluded.retired_at)
"""  # noqa: S608  names and types of columns, no user input

_encoder = msgspec.json.Encoder()
_names = msgspec.json.Decoder(list[str])
_metrics = msgspec.json.Decoder(dict[str, float | None])


def _model(row: tuple[Any, ...]) -> Model:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["features"] = _names.decode(values["features"])
    values["metrics"] = _metrics.decode(values["metrics"])
    return Model(**values)


LISTING: Final = Listing(
    "models",
    "trained_at",
    ", ".join(f"{name}::text" if kind.startswith("json") else name for name, kind in _COLUMNS.items()),
    {
        "model_type": "model_type = %(model_type)s",
        "active": "(activated_at IS NOT NULL AND retired_at IS NULL) = %(active)s",
    },
    _model,
)
"""Models, by (trained_at, id) descending."""


def write(connection: psycopg.Connection, models: Sequence[Model]) -> None:
    """Write models; of a stored model only `activated_at` and `retired_at` are changed, from null, once each.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    SetupError
        If the database was not migrated.
    """
    rows = list({each.id: each for each in reversed(models)}.values())
    if not rows:
        return
    parameters = columns(rows, _COLUMNS)
    for name in ("features", "metrics"):
        parameters[name] = Texts([_encoder.encode(getattr(row, name)).decode() for row in rows])
    with map_errors():
        connection.execute(_WRITE, parameters)
