"""Health checks: whether Postgres and Redis respond, and if not, why."""

from domain.errors import ServiceError
from store import postgres, redis_server


def check_postgres(url: str) -> str | None:
    """The reason why Postgres at `url` cannot be used; None if it responds.

    Raises
    ------
    SettingError
        If `url` is not a valid address.
    """
    try:
        with postgres.map_errors(), postgres.connect(url):
            return None
    except ServiceError as problem:
        return str(problem)


def check_redis(url: str) -> str | None:
    """The reason why Redis or Valkey at `url` cannot be used; None if it responds and has loaded its data.

    Raises
    ------
    SettingError
        If `url` is not a valid address.
    """
    try:
        with redis_server.map_errors(), redis_server.connect(url) as client:
            client.ping()
    except ServiceError as problem:
        return f"{str(problem).rstrip('.')}; start it, or give another REDIS_URL"
    return None
