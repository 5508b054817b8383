"""Fixtures of all tests: a real Postgres and a real Valkey, on unix sockets, for one session.

postgres_url      a Postgres for the session
database_url      a fresh, migrated database for one test
redis_url         a Valkey for the session
clean_redis_url   the same Valkey, flushed before the test
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from hypothesis import HealthCheck, settings

from flows.services import binaries, postgres, valkey
from store.migrate import migrate

TEMPLATE = "migrated"
MEMORY = Path("/dev/shm")
"""Creating and dropping a database takes 40 ms there and 230 ms on a disk (measured with 330 tables and indexes)."""
FREE_BYTES_MIN = 2 << 30
"""For the write-ahead log of Postgres, at most 1 GiB by default, and some databases of 9 MB."""
_numbers = count(1)

# The time of one example says more about the machine and the kernels that it compiled than about the code.
# The parent is the profile that Hypothesis chose: on CI its examples are the same in every run.
settings.register_profile(
    "signalengine", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("signalengine")


@pytest.fixture(scope="session")
def services_directory() -> Iterator[Path]:
    """A directory, in memory if there is space; its path is short, since a unix socket's is limited to 107 bytes."""
    fits = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > FREE_BYTES_MIN
    directory = Path(tempfile.mkdtemp(prefix="se-", dir=MEMORY if fits else None))
    if len(str(directory)) > 80:
        directory.rmdir()
        directory = Path(tempfile.mkdtemp(prefix="se-", dir="/tmp"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def postgres_url(services_directory: Path) -> Iterator[str]:
    """URL of a Postgres that is started for the session; never of an existing one with data."""
    running = postgres.start(
        binaries.postgres_programs(),
        services_directory / "postgres",
        sockets=services_directory,
        log=services_directory / "postgres.log",
        record=services_directory / "postgres.json",
        environ=os.environ,
        durable=False,
        dies_with_parent=True,
    )
    yield running.url
    running.process.stop(postgres.STOP)


@pytest.fixture(scope="session")
def redis_url(services_directory: Path) -> Iterator[str]:
    """URL of a Valkey that is started for the session; never of an existing one with data."""
    running = valkey.start(
        binaries.redis_programs(),
        services_directory / "valkey",
        sockets=services_directory,
        log=services_directory / "valkey.log",
        record=services_directory / "valkey.json",
        environ=os.environ,
        durable=False,
        dies_with_parent=True,
    )
    yield running.url
    running.process.stop(valkey.STOP)


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> str:
    """Name of a database with all migrations applied, the template of the databases of the tests."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    migrate(_database(postgres_url, TEMPLATE))
    return TEMPLATE


@pytest.fixture
def database_url(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """URL of a new database with all migrations applied."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template} STRATEGY file_copy")
    yield _database(postgres_url, name)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def clean_redis_url(redis_url: str) -> str:
    """URL of an empty Valkey."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    return redis_url


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip tests marked slow unless `-m` mentions that marker."""
    if "slow" not in str(config.getoption("-m")):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="the long form; run it with -m slow"))


def _database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
