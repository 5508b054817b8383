import asyncio

import pytest

from api.memory.lru_cache import ENTRIES_MAX
from api.memory.micro_cache import MicroCache
from api.rest.result import Result
from store import trials
from tests.api.conftest import Api
from tests.api.endpoints.test_trials import trial


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Computation:
    """Counts its calls, and waits until it is released."""

    def __init__(self) -> None:
        self.count = 0
        self.released = asyncio.Event()

    async def __call__(self) -> Result:
        self.count += 1
        number = self.count
        await self.released.wait()
        return Result(b"%d" % number)


def test_concurrent_requests_share_one_computation() -> None:
    async def check() -> None:
        cache, compute = MicroCache(0, Clock()), Computation()
        requests = [asyncio.create_task(cache.get("a", compute)) for _ in range(20)]
        other = asyncio.create_task(cache.get("b", compute))
        await asyncio.sleep(0)
        requests.pop(0).cancel()  # the request that started it, and another
        requests.pop().cancel()
        compute.released.set()
        assert {(result.body, age) for result, age in await asyncio.gather(*requests)} == {(b"1", 0.0)}
        assert (await other)[0].body == b"2"
        assert compute.count == 2
        assert (await cache.get("a", compute))[0].body == b"3"  # fresh for 0 s

    asyncio.run(check())


def test_a_fresh_result_is_reused_and_has_its_age() -> None:
    async def check() -> None:
        clock = Clock()
        cache, compute = MicroCache(2, clock), Computation()
        compute.released.set()
        received = []
        for _ in range(5):
            result, age_s = await cache.get("a", compute)
            received.append((result.body, age_s))
            clock.now_s += 0.75
        assert received == [(b"1", 0.0), (b"1", 0.75), (b"1", 1.5), (b"2", 0.0), (b"2", 0.75)]

    asyncio.run(check())


def test_an_exception_is_raised_to_all_and_not_cached() -> None:
    async def check() -> None:
        cache, calls = MicroCache(60, Clock()), []

        async def fail() -> Result:
            calls.append(1)
            await asyncio.sleep(0)
            raise ValueError("no")

        errors = await asyncio.gather(*(cache.get("a", fail) for _ in range(3)), return_exceptions=True)
        assert [str(error) for error in errors] == ["no"] * 3
        with pytest.raises(ValueError, match="no"):
            await cache.get("a", fail)
        assert len(calls) == 2

    asyncio.run(check())


def test_the_cache_is_bounded() -> None:
    async def check() -> None:
        cache, compute = MicroCache(60, Clock()), Computation()
        compute.released.set()
        for number in range(ENTRIES_MAX + 1):
            await cache.get(number, compute)
        await cache.get(ENTRIES_MAX, compute)
        assert compute.count == ENTRIES_MAX + 1
        await cache.get(0, compute)
        assert compute.count == ENTRIES_MAX + 2

    asyncio.run(check())


def test_analytics_have_an_age_header(serve) -> None:  # type: ignore[no-untyped-def]
    api: Api = serve(analytics_fresh_s=60)
    path = "/api/v1/analytics/trials"
    assert api.get(path)["total"] == 0
    trials.write(api.connection, [trial(1)])
    again = api.http.get(path)
    assert (again.json()["total"], again.headers["age"]) == (0, "0")
    assert api.get(f"{path}?per_page=5")["total"] == 1
    unchanged = api.http.get(path, headers={"if-none-match": again.headers["etag"]})
    assert (unchanged.status_code, unchanged.headers["age"]) == (304, "0")
