from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.api.conftest import Api
from tests.until import until


def test_ready_when_all_services_are_up(api: Api) -> None:
    assert api.get("/livez") == {"status": "live"}
    assert api.get("/readyz") == {"status": "ready"}
    assert api.http.get("/readyz").headers["cache-control"] == "no-store"


def test_without_services_it_is_live_but_not_ready(serve: Callable[..., Api]) -> None:
    api = serve(database="postgresql://nobody:hunter2@127.0.0.1:9/none", redis_url="redis://127.0.0.1:9/0")
    assert api.get("/livez") == {"status": "live"}
    problem = api.get("/readyz", 503)
    assert [fault["name"] for fault in problem["errors"]] == ["postgres", "feed"]
    assert all("to one that runs" in fault["detail"] for fault in problem["errors"])
    assert "hunter2" not in repr(problem)


def test_an_unmigrated_database_is_not_ready(serve: Callable[..., Api], postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE unmigrated")
    api = serve(database=urlunsplit(urlsplit(postgres_url)._replace(path="/unmigrated")))
    until(lambda: api.resources.tail.connected)
    problem = api.get("/readyz", 503)
    assert [fault["name"] for fault in problem["errors"]] == ["postgres"]
    assert "0002_signals" in problem["detail"]
    assert "signalengine migrate" in problem["detail"]
    api.stop()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE unmigrated WITH (FORCE)")


def test_frequent_readiness_checks_open_no_postgres_connections(serve: Callable[..., Api]) -> None:
    api = serve(analytics_fresh_s=60)
    until(lambda: api.http.get("/readyz").status_code == 200)

    def sessions() -> int:
        (row,) = api.connection.execute(
            "SELECT sessions FROM pg_stat_database WHERE datname = current_database()"
        ).fetchall()
        return int(row[0])

    before = sessions()
    assert all(api.http.get("/readyz").status_code == 200 for _ in range(20))
    assert sessions() - before < 10


def test_an_ended_task_fails_the_liveness_check(api: Api) -> None:
    tail = next(task for task in api.resources.tasks if task.get_name() == "tail")
    tail.get_loop().call_soon_threadsafe(tail.cancel)
    until(tail.done)
    problem = api.get("/livez", 503)
    assert problem["errors"] == [{"name": "tail", "detail": "has ended; the log has the reason"}]
