"""Migrations: numbered SQL files, each applied once, in order, in a transaction of its own.

A file that was applied is never edited; its checksum is stored and compared. Several processes may call `migrate` at
the same time: an advisory lock makes all but one wait, and then there is nothing left to apply.
"""

from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

import psycopg

from domain.errors import SetupError
from store.advisory_locks import AdvisoryLock
from store.postgres import connect, map_errors

_CREATE_HISTORY = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    text PRIMARY KEY,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class Migration(NamedTuple):
    """One file of `store/migrations`."""

    version: str
    sql: str

    @property
    def sha256(self) -> str:
        """Checksum of the file."""
        return sha256(self.sql.encode()).hexdigest()


def known() -> list[Migration]:
    """The migrations of this version of the code, in order."""
    directory = files("store.migrations")
    names = sorted(path.name for path in directory.iterdir() if path.name.endswith(".sql"))
    return [Migration(name.removesuffix(".sql"), (directory / name).read_text("utf-8")) for name in names]


def migrate(url: str) -> list[str]:
    """Bring the database up to date.

    Returns
    -------
    list of str
        The versions that were applied by this call; empty if there was nothing to do.

    Raises
    ------
    SetupError
        If an applied file was edited, or the database is newer than the code.
    ServiceError
        If Postgres cannot be reached.
    """
    with connect(url, statement_timeout_s=0) as connection, map_errors():
        connection.execute("SET lock_timeout = 0")  # another process may be applying a long migration
        connection.execute(
            "SELECT pg_advisory_lock(%s)", (AdvisoryLock.MIGRATIONS,)
        )  # released when the connection ends
        connection.execute(_CREATE_HISTORY)
        todo = _unapplied(connection)
        for migration in todo:
            with connection.transaction():
                connection.execute(migration.sql.encode())
                connection.execute(
                    "INSERT INTO schema_migrations (version, sha256) VALUES (%s, %s)",
                    (migration.version, migration.sha256),
                )
    return [migration.version for migration in todo]


def pending(url: str) -> list[str]:
    """The versions that `migrate` would apply; writes nothing.

    Raises
    ------
    SetupError, ServiceError
        See `migrate`.
    """
    with connect(url) as connection, map_errors():
        exists = connection.execute("SELECT to_regclass('schema_migrations') IS NOT NULL").fetchone()
        todo = _unapplied(connection) if exists == (True,) else known()
    return [migration.version for migration in todo]


def _unapplied(connection: psycopg.Connection) -> list[Migration]:
    """The migrations that were not applied yet; raises if the applied ones differ from those of the code."""
    applied = connection.execute("SELECT version, sha256 FROM schema_migrations ORDER BY version").fetchall()
    expected = known()
    for (version, checksum), migration in zip(applied, expected, strict=False):
        if version != migration.version:
            raise SetupError(
                f"migration {migration.version!r} was not applied to this database before {version!r}; "
                f"run the version of signalengine that created it, or use an empty database"
            )
        if checksum != migration.sha256:
            raise SetupError(
                f"migration {version!r} is not the file that was applied to this database; "
                f"restore store/migrations/{version}.sql and add a new migration for the change"
            )
    if len(applied) > len(expected):
        raise SetupError(
            f"the database has migration {applied[len(expected)][0]!r}, which this version of signalengine "
            f"does not know; upgrade signalengine"
        )
    return expected[len(applied) :]
