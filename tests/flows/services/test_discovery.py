"""An address comes from the environment or the running instance, else the error has instructions."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import ServiceError
from flows.services.discovery import database_url, redis_url, with_addresses
from flows.services.home import Home, Instance
from flows.services.process import write_record


@pytest.fixture
def environ(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment with a running stand-in instance in its home."""
    home = Home(tmp_path)
    home.create()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as service:
        for name in ("postgres", "valkey"):
            write_record(home.record(name), service.pid, ["service"])
        instance = Instance(
            url="", metrics_url="", venue="sim", database_url="postgresql://ours", redis_url="unix://ours"
        )
        home.write_instance(instance)
        yield {"SIGNALENGINE_SERVICES_DIRECTORY": str(tmp_path), "SERVICE": str(service.pid)}
        service.kill()


def test_configured_address_takes_precedence(environ: dict[str, str]) -> None:
    given = environ | {"DATABASE_URL": "postgresql://theirs", "REDIS_URL": "redis://theirs"}
    assert (database_url(given), redis_url(given)) == ("postgresql://theirs", "redis://theirs")


def test_local_instance_is_found_while_it_runs(environ: dict[str, str], tmp_path: Path) -> None:
    assert (database_url(environ), redis_url(environ)) == ("postgresql://ours", "unix://ours")
    assert with_addresses(environ) == environ | {"DATABASE_URL": "postgresql://ours", "REDIS_URL": "unix://ours"}
    Home(tmp_path).record("postgres").unlink()
    assert with_addresses(environ) == environ | {"REDIS_URL": "unix://ours"}
    with pytest.raises(ServiceError) as caught:
        database_url(environ)
    assert str(caught.value) == (
        f"no Postgres: DATABASE_URL is not set, and 'signalengine up' runs none in {tmp_path}; "
        f"set DATABASE_URL, or start one with 'signalengine up'"
    )
