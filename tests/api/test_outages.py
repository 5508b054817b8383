"""Outages of Postgres and Redis under load: requests fail with 503 meanwhile, and recovery needs no restart."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from flows.services import postgres, valkey
from store.migrate import migrate
from store.postgres import connect
from tests.api.builders import emitted
from tests.api.conftest import Api
from tests.api.memory.test_hot_lists import write
from tests.servers import server
from tests.until import until

HISTORY = "/api/v1/signals?status=all&limit=5"
HOT = "/api/v1/signals?limit=5"


class Load:
    """Clients that send requests without pause and count the statuses and problem codes of the responses."""

    def __init__(self, api: Api, path: str, clients: int = 4) -> None:
        self.responses: Counter[tuple[int, str | None]] = Counter()
        self.slowest_s = 0.0
        self._stop = threading.Event()
        self._api, self._path = api, path
        self._threads = [threading.Thread(target=self._send_requests) for _ in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send_requests(self) -> None:
        with httpx2.Client(base_url=f"http://{self._api.address}", timeout=30) as client:
            while not self._stop.is_set():
                started_s = time.monotonic()
                response = client.get(self._path)
                self.slowest_s = max(self.slowest_s, time.monotonic() - started_s)
                code = response.json().get("code")
                assert code is None or (response.headers["retry-after"], response.headers["content-type"]) == (
                    "2",
                    "application/problem+json",
                )
                self.responses[response.status_code, code] += 1


def test_postgres_restarts_under_load(serve: Callable[..., Api], clean_redis_url: str) -> None:
    with server(postgres) as own:
        url = own.start()
        migrate(url)
        api = serve(database=url, hot_rows=100)
        with connect(url) as connection:
            api.connection.close()
            api.connection = connection
            write(api, [emitted(number) for number in range(1, 9)])
        until(lambda: "age" in api.http.get(HOT).headers)
        with Load(api, HISTORY) as history, Load(api, HOT) as hot:
            until(lambda: history.responses[200, None] > 20)
            own.stop()
            until(lambda: history.responses[503, "unavailable"] > 3)
            until(lambda: int(api.http.get(HOT).headers["age"]) >= 1)
            assert api.http.get("/readyz").status_code == 503
            assert api.http.get("/livez").status_code == 200
            assert own.start() == url
            until(lambda: api.http.get(HISTORY).status_code == 200)
            until(lambda: api.http.get("/readyz").status_code == 200)
            served = history.responses[200, None]
            until(lambda: history.responses[200, None] > served + 20)
            until(lambda: int(api.http.get(HOT).headers["age"]) < 5)  # the performance of strategies is read every 5 s
        assert set(history.responses) == {(200, None), (503, "unavailable")}
        assert set(hot.responses) == {(200, None)}  # served from memory throughout
        assert history.slowest_s < 10
        api.http.get("/livez")


def test_lists_are_read_from_postgres_while_redis_is_down(
    serve: Callable[..., Api], clean_redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.memory.hot_lists.REFRESH_INTERVAL_S", 0.05)
    with server(valkey) as own:
        api = serve(redis_url=own.start(), hot_rows=100)
        write(api, [emitted(1)], announced=False)
        until(lambda: "age" in api.http.get(HOT).headers)
        own.kill()
        until(lambda: "age" not in api.http.get(HOT).headers)
        write(api, [emitted(2)], announced=False)
        assert [row["id"] for row in api.get(HOT)["signals"]] == [f"{number:032x}" for number in (2, 1)]
        assert api.get("/readyz", 503)["errors"][0]["name"] == "feed"
        problem = api.get("/api/v1/features/BTCUSDT?timeframe=5m", 503)
        assert (problem["code"], problem["retryable"]) == ("unavailable", True)
        own.start()
        until(lambda: "age" in api.http.get(HOT).headers)
        assert len(api.get(HOT)["signals"]) == 2


def test_without_any_service_requests_for_data_are_answered_with_503(serve: Callable[..., Api], tmp_path: Path) -> None:
    unreachable = f"postgresql://nobody@/none?host={tmp_path}&port=5432"
    api = serve(database=unreachable, redis_url=f"unix://{tmp_path}/none", hot_rows=100)
    for path in (HOT, HISTORY, "/signals", "/api/v1/analytics/performance", "/performance/stats"):
        response = api.http.get(path, timeout=30)
        assert (response.status_code, response.json()["code"], response.headers["retry-after"]) == (
            503,
            "unavailable",
            "2",
        )
        assert str(tmp_path) not in response.text
