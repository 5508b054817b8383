"""Discovery: the addresses of Postgres and Redis, from the environment or from the running local instance."""

from collections.abc import Mapping

from domain.environ import read
from domain.errors import ServiceError
from flows.services import postgres, valkey
from flows.services.home import home_of
from flows.services.process import read_record
from flows.services.settings import ServiceSettings

DATABASE_URL, REDIS_URL = "DATABASE_URL", "REDIS_URL"


def database_url(environ: Mapping[str, str]) -> str:
    """`DATABASE_URL`, or the address of the Postgres that `signalengine up` runs.

    Raises
    ------
    ServiceError
        If there is neither.
    """
    return _address(environ, DATABASE_URL, postgres.NAME, "Postgres")


def redis_url(environ: Mapping[str, str]) -> str:
    """`REDIS_URL`, or the address of the Valkey that `signalengine up` runs.

    Raises
    ------
    ServiceError
        If there is neither.
    """
    return _address(environ, REDIS_URL, valkey.NAME, "Redis or Valkey")


def with_addresses(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with both addresses added where they can be resolved."""
    resolved = dict(environ)
    for variable, find in ((DATABASE_URL, database_url), (REDIS_URL, redis_url)):
        try:
            resolved[variable] = find(environ)
        except ServiceError:
            continue
    return resolved


def _address(environ: Mapping[str, str], variable: str, name: str, what: str) -> str:
    if configured := environ.get(variable):
        return configured
    home = home_of(read(ServiceSettings, "services", environ), environ)
    instance = home.instance()
    local = None
    if instance and read_record(home.record(name)):
        local = instance.database_url if variable == DATABASE_URL else instance.redis_url
    if local is None:
        raise ServiceError(
            f"no {what}: {variable} is not set, and 'signalengine up' runs none in {home.directory}; "
            f"set {variable}, or start one with 'signalengine up'"
        )
    return local
