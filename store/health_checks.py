"""Ready: whether Postgres or Redis answers, and if not, why."""

from domain.errors import ServiceError
from store import postgres, redis_server


def check_postgres(url: str) -> str | None:
    """What is wrong with Postgres at `url`; None if it answers.

    Raises
    ------
    SettingError
        If `url` is not one.
    """
    try:
        with postgres.map_errors(), postgres.connect(url):
            return None
    except ServiceError as problem:
        return str(problem)


def check_redis(url: str) -> str | None:
    """What is wrong with Redis or Valkey at `url`; None if it answers and has loaded its data.

    Raises
    ------
    SettingError
        If `url` is not one.
    """
    try:
        with redis_server.map_errors(), redis_server.connect(url) as client:
            client.ping()
    except ServiceError as problem:
        return f"{str(problem).rstrip('.')}; start it, or give another REDIS_URL"
    return None
