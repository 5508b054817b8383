from collections.abc import Callable

import msgspec
import psycopg

from api.errors import INTERNAL_DETAIL, PROBLEM_TYPES, Problem
from tests.api.builders import emitted
from tests.api.conftest import Api
from tests.until import until


def problem_of(api: Api, method: str, path: str) -> tuple[Problem, dict[str, str]]:
    response = api.http.request(method, path)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    problem = msgspec.json.decode(response.content, type=Problem)
    assert problem.status == response.status_code
    assert problem.instance == response.headers["x-request-id"]
    return problem, dict(response.headers)


def test_each_problem_type_has_its_own_code() -> None:
    assert len({kind.code for kind in PROBLEM_TYPES}) == len(PROBLEM_TYPES)
    assert {kind.code for kind in PROBLEM_TYPES if kind.retryable} == {"rate_limited", "timed_out", "unavailable"}


def test_an_unknown_path_is_a_problem(api: Api) -> None:
    for path in ("/", "/nope", "/api/v1/signals/", "/signals/", "/api/v1", "/ws/feed", "/api/v1/signals/market/"):
        problem, headers = problem_of(api, "GET", path)
        assert problem.code in ("not_found", "invalid_parameter"), path
        assert "location" not in headers


def test_an_unsupported_method_is_a_problem(api: Api) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        problem, headers = problem_of(api, method, "/api/v1/signals")
        assert problem.code == "method_not_allowed"
        assert {part.strip() for part in headers["allow"].split(",")} == {"GET", "HEAD"}


def test_head_responds_as_get_without_a_body(api: Api) -> None:
    get, head = api.http.get("/signals"), api.http.head("/signals")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", get.headers["etag"])


def test_a_bug_is_a_problem_that_reveals_only_the_request_id(api: Api) -> None:
    api.write([emitted(1)])
    api.connection.execute("""UPDATE signals SET features = '"not what the code expects"'""")
    problem, _ = problem_of(api, "GET", "/signals")
    assert (problem.code, problem.detail) == ("internal", INTERNAL_DETAIL)
    assert api.http.get("/signals", headers={"x-request-id": "mine-7"}).json()["instance"] == "mine-7"


def test_without_postgres_requests_fail_as_retryable(serve: Callable[..., Api]) -> None:
    api = serve(database="postgresql://nobody:hunter2@127.0.0.1:9/none")
    problem, headers = problem_of(api, "GET", "/signals")
    assert (problem.code, problem.retryable, headers["retry-after"]) == ("unavailable", True, "2")
    assert "hunter2" not in repr(problem)


def test_a_lost_database_connection_fails_no_request(api: Api) -> None:
    assert api.get("/signals") == {"signals": []}
    api.connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'signalengine api'"
    )
    assert api.get("/signals") == {"signals": []}


def test_a_missing_table_is_an_outage(api: Api) -> None:
    api.connection.execute("ALTER TABLE signals RENAME TO elsewhere")
    assert problem_of(api, "GET", "/signals")[0].code == "unavailable"
    api.connection.execute("ALTER TABLE elsewhere RENAME TO signals")
    assert api.get("/signals") == {"signals": []}


def test_a_statement_timeout_is_an_outage(api: Api) -> None:
    with psycopg.connect(api.resources.database_url) as blocker:
        blocker.execute("LOCK TABLE signals")
        assert problem_of(api, "GET", "/signals")[0].code == "unavailable"
    until(lambda: api.http.get("/signals").status_code == 200)
