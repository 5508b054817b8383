"""Trials: every backtest that was run, by the hash of its line in a trial ledger; rows are added and never changed.

A trial ledger is a file to which `backtest` appends on one machine; this table collects those of all machines.
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
    """A line of a trial ledger.

    Attributes
    ----------
    id
        Hash of the line, which includes the hash of the previous line.
    previous
        Hash of the previous line; empty for the first.
    number
        Line number in its ledger, from 1.
    at
        Time of the backtest.
    name
        Name given by the user.
    files
        SHA-256 of the content of each input file.
    config
        Hash of everything that determines the output, including the code of the plug-ins.
    first_day
        Day of the first of `returns`, in days since 1970.
    returns
        Net return of each evaluated UTC day.
    sharpe
        Daily Sharpe ratio of `returns`; None if undefined.
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
"""  # noqa: S608  names and types of columns, no user input

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
    """Write trials; a stored trial is not changed.

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
    if not trials:
        return 0
    parameters = columns(trials, _COLUMNS)
    for name in ("files", "returns"):
        parameters[name] = Texts([_encoder.encode(getattr(trial, name)).decode() for trial in trials])
    with map_errors():
        return connection.execute(_WRITE, parameters).rowcount


def of_files(connection: psycopg.Connection, files: Sequence[str]) -> list[Trial]:
    """The trials that used at least one of these files, oldest first.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    SetupError
        If the database was not migrated.
    """
    with map_errors():
        rows = connection.execute(_READ, {"files": list(files)}).fetchall()
    return [_trial(row) for row in rows]


def _trial(row: tuple[Any, ...]) -> Trial:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["files"], values["returns"] = _texts.decode(values["files"]), _returns.decode(values["returns"])
    return Trial(**values)
