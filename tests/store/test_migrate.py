from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from importlib.resources import files

import psycopg
import pytest

from domain.errors import ServiceError, SettingError, SetupError
from store.migrate import known, migrate, pending

TABLES = {
    "arbitrage_executions",
    "arbitrage_opportunities",
    "bars",
    "events",
    "feature_importance",
    "gaps",
    "instruments",
    "models",
    "outbox",
    "outcomes",
    "rejects",
    "schema_migrations",
    "signals",
    "trials",
    "wallets",
    "whale_trades",
}


def test_migrate_creates_every_table_once(empty_database_url: str) -> None:
    versions = [migration.version for migration in known()]
    assert pending(empty_database_url) == versions
    assert migrate(empty_database_url) == versions
    assert pending(empty_database_url) == []
    assert migrate(empty_database_url) == []
    with psycopg.connect(empty_database_url) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert {name for (name,) in found} >= TABLES


def test_pending_writes_nothing(empty_database_url: str) -> None:
    pending(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall() == []


def test_versions_are_numbered_consecutively() -> None:
    assert [int(migration.version[:4]) for migration in known()] == list(range(1, len(known()) + 1))


def test_concurrent_migrations_apply_each_version_once(empty_database_url: str) -> None:
    with ThreadPoolExecutor(6) as threads:
        applied = list(threads.map(migrate, [empty_database_url] * 6))
    assert sorted(applied, key=len)[-1] == [migration.version for migration in known()]
    assert sum(map(len, applied)) == len(known())


def test_stored_checksums_match_the_files(empty_database_url: str) -> None:
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        rows = connection.execute("SELECT version, sha256 FROM schema_migrations").fetchall()
    home = files("store.migrations")
    assert dict(rows) == {version: sha256((home / f"{version}.sql").read_bytes()).hexdigest() for version, _ in rows}


def test_edited_file_is_refused(empty_database_url: str) -> None:
    migrate(empty_database_url)
    first = known()[0].version
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("UPDATE schema_migrations SET sha256 = 'other' WHERE version = %s", (first,))
    for refuse in (migrate, pending):
        with pytest.raises(SetupError, match=f"{first}.*is not the file that was applied"):
            refuse(empty_database_url)


def test_newer_database_is_refused(empty_database_url: str) -> None:
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES ('9999_future', 'x')")
    for refuse in (migrate, pending):
        with pytest.raises(SetupError, match=r"9999_future.*upgrade signalengine"):
            refuse(empty_database_url)


def test_different_history_is_refused(empty_database_url: str) -> None:
    migrate(empty_database_url)
    first = known()[0].version
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("UPDATE schema_migrations SET version = '0001_other' WHERE version = %s", (first,))
    with pytest.raises(SetupError, match=f"{first}.*was not applied"):
        migrate(empty_database_url)


def test_unreachable_server_is_named_without_its_password() -> None:
    with pytest.raises(ServiceError, match=r"127\.0\.0\.1:1/nowhere does not answer") as caught:
        migrate("postgresql://me:secret@127.0.0.1:1/nowhere")
    assert "secret" not in str(caught.value)


def test_invalid_address_is_a_setting_error() -> None:
    with pytest.raises(SettingError, match="postgresql://"):
        migrate("nonsense")
