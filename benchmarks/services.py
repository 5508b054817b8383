"""A real Postgres, migrated, and a real Valkey, durable as in production, for one measurement."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flows.services import binaries, postgres, valkey
from store.migrate import migrate


@contextmanager
def services() -> Iterator[tuple[Any, Any]]:
    """Postgres and Valkey as they run; both are gone afterwards, with all that they kept."""
    directory = Path(tempfile.mkdtemp(prefix="se-"))
    places: dict[str, Any] = {"sockets": directory, "environ": os.environ, "dies_with_parent": True}

    def own(name: str) -> dict[str, Any]:
        return {"log": directory / f"{name}.log", "record": directory / f"{name}.json", **places}

    database = postgres.start(binaries.postgres_programs(), directory / "postgres", **own("postgres"))
    cache = valkey.start(binaries.redis_programs(), directory / "valkey", **own("valkey"))
    try:
        migrate(database.url)
        yield database, cache
    finally:
        cache.process.stop(valkey.STOP)
        database.process.stop(postgres.STOP)
        shutil.rmtree(directory)
