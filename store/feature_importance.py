"""Feature importance: what a model looked at, at each time it was loaded."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
import psycopg

from store.columns import columns, unnest
from store.postgres import Pool, map_errors


class Importance(msgspec.Struct, frozen=True, kw_only=True):
    """How much one feature counts in a model.

    Attributes
    ----------
    at
        When the model was loaded.
    importance, split_share
        Its share of the gain and of the splits of all features, in [0, 1]; each adds up to 1 over a model.
    """

    model_id: str
    model_type: str
    at: datetime
    feature_name: str
    importance: float
    split_share: float


_COLUMNS: Final = {
    "model_id": "text",
    "model_type": "text",
    "at": "timestamptz",
    "feature_name": "text",
    "importance": "float8",
    "split_share": "float8",
}
"""Name and Postgres type, in the order of the table and of `Importance`."""

_WRITE: Final = f"""
INSERT INTO feature_importance ({", ".join(_COLUMNS)})
SELECT * FROM {unnest(_COLUMNS)}
ON CONFLICT (model_id, at, feature_name) DO NOTHING
"""  # noqa: S608  names and types of our own columns

_LATEST: Final = f"""
SELECT {", ".join(_COLUMNS)} FROM feature_importance
WHERE (model_id, at) = (
    SELECT model_id, at FROM feature_importance WHERE model_type = %s ORDER BY at DESC, model_id DESC LIMIT 1
)
ORDER BY importance DESC, feature_name
"""  # noqa: S608


def write(connection: psycopg.Connection, rows: Sequence[Importance]) -> int:
    """Write what a load showed; the same again changes nothing.

    Returns
    -------
    int
        How many rows were new.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    SetupError
        If it was not migrated.
    """
    if not rows:
        return 0
    with map_errors():
        return connection.execute(_WRITE, columns(rows, _COLUMNS)).rowcount


async def latest(pool: Pool, model_type: str) -> list[Importance]:
    """What the model of that type that was loaded last looks at, most first; empty if there was none.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with map_errors():
        async with pool.connection() as connection:
            found = await connection.execute(_LATEST, (model_type,))
            return [Importance(**dict(zip(_COLUMNS, row, strict=True))) for row in await found.fetchall()]
