"""Feature importance: the importance of each feature of a model, written each time a model is loaded."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
import psycopg

from store.columns import columns, unnest
from store.postgres import Pool, map_errors


class Importance(msgspec.Struct, frozen=True, kw_only=True):
    """The importance of one feature in a model.

    Attributes
    ----------
    at
        Time at which the model was loaded.
    importance, split_share
        Share of the total gain and of all splits, in [0, 1]; each sums to 1 over the features of a model.
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
"""  # noqa: S608  names and types of columns, no user input

_LATEST: Final = f"""
SELECT {", ".join(_COLUMNS)} FROM feature_importance
WHERE (model_id, at) = (
    SELECT model_id, at FROM feature_importance WHERE model_type = %s ORDER BY at DESC, model_id DESC LIMIT 1
)
ORDER BY importance DESC, feature_name
"""  # noqa: S608


def write(connection: psycopg.Connection, rows: Sequence[Importance]) -> int:
    """Write the importance of features at a load; writing it again has no effect.

    Returns
    -------
    int
        The number of new rows.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    SetupError
        If the database was not migrated.
    """
    if not rows:
        return 0
    with map_errors():
        return connection.execute(_WRITE, columns(rows, _COLUMNS)).rowcount


async def latest(pool: Pool, model_type: str) -> list[Importance]:
    """Feature importance of the latest loaded model of a type, highest first; empty if there is none.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with map_errors():
        async with pool.connection() as connection:
            cursor = await connection.execute(_LATEST, (model_type,))
            return [Importance(**dict(zip(_COLUMNS, row, strict=True))) for row in await cursor.fetchall()]
