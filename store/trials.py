"""Trials: every backtest that was run, by the hash of its line in the ledger; written once, and never taken back.

The files in which `backtest` counts are its ledgers; this table is where those of all machines come together.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg

from store.arrays import Texts
from store.columns import columns, unnest
from store.listing import Listing
from store.postgres import map_errors


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a ledger of trials.

    Attributes
    ----------
    id
        Hash of the line, which holds that of the line before it.
    previous
        Hash of the line before it; empty for the first.
    number
        Its place in its ledger, from 1.
    at
        When the backtest was run.
    name
        As its user called it.
    files
        SHA-256 of the content of each input file.
    config
        Hash of all that decides the output, the code of the ideas included.
    first_day
        Days since 1970, of the first of `returns`.
    returns
        Net, of each UTC day that was judged.
    sharpe
        Of them, per day; None if undefined.
    """

    id: str
    previous: str
    number: int
    at: datetime
    name: str
    files: tuple[str, ...]
    config: str
    first_day: int
    returns: tuple[float, ...]
    sharpe: float | None


class TrialRow(msgspec.Struct, frozen=True, kw_only=True):
    """A trial: `days` is the number of days evaluated; `sharpe` is the daily ratio, null if undefined."""

    id: str
    previous: str
    number: int
    at: datetime
    name: str
    files: list[str]
    config: str
    days: int
    sharpe: float | None


_COLUMNS: Final = {
    "id": "text",
    "previous": "text",
    "number": "int8",
    "at": "timestamptz",
    "name": "text",
    "files": "jsonb",
    "config": "text",
    "first_day": "int8",
    "returns": "json",
    "sharpe": "float8",
}
"""Name and Postgres type, in the order of the table and of `Trial`."""

_WRITE: Final = f"""
INSERT INTO trials ({", ".join(_COLUMNS)})
SELECT * FROM {unnest(_COLUMNS)}
ON CONFLICT (id) DO NOTHING
"""  # noqa: S608  names and types of our own columns

_READ: Final = f"""
SELECT {", ".join(f"{name}::text" if kind.startswith("json") else name for name, kind in _COLUMNS.items())}
FROM trials WHERE files ?| %(files)s ORDER BY at, number, id
"""  # noqa: S608

_encoder = msgspec.json.Encoder()
_texts = msgspec.json.Decoder(tuple[str, ...])
_returns = msgspec.json.Decoder(tuple[float, ...])


def _listed(row: tuple[Any, ...]) -> TrialRow:
    return TrialRow(**dict(zip(TrialRow.__struct_fields__, row, strict=True)))


LISTING: Final = Listing(
    "trials",
    "at",
    "id, previous, number, at, name, files, config, json_array_length(returns), sharpe",
    {
        "file": "files ? %(file)s",
        "since": "at >= %(since)s",
        "until": "at < %(until)s",
    },
    _listed,
)
"""Trials, by (at, id) descending."""


def write(connection: psycopg.Connection, trials: Sequence[Trial]) -> int:
    """Write trials; one that is there stays as it is.

    Returns
    -------
    int
        How many were new.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    SetupError
        If it was not migrated.
    """
    if not trials:
        return 0
    parameters = columns(trials, _COLUMNS)
    for name in ("files", "returns"):
        parameters[name] = Texts([_encoder.encode(getattr(trial, name)).decode() for trial in trials])
    with map_errors():
        return connection.execute(_WRITE, parameters).rowcount


def of_files(connection: psycopg.Connection, files: Sequence[str]) -> list[Trial]:
    """The trials that share a file with these, oldest first.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    SetupError
        If it was not migrated.
    """
    with map_errors():
        rows = connection.execute(_READ, {"files": list(files)}).fetchall()
    return [_trial(row) for row in rows]


def _trial(row: tuple[Any, ...]) -> Trial:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["files"], values["returns"] = _texts.decode(values["files"]), _returns.decode(values["returns"])
    return Trial(**values)
