import asyncio

import pytest

from api.memory.bounded import NUMBER_MAX
from api.memory.micro_cache import MicroCache
from api.rest.result import Result
from store import trials
from tests.api.conftest import Api
from tests.api.endpoints.test_trials import trial


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Reader:
    """Counts what it read, and waits until it may go on."""

    def __init__(self) -> None:
        self.count = 0
        self.may_go = asyncio.Event()

    async def __call__(self) -> Result:
        self.count += 1
        number = self.count
        await self.may_go.wait()
        return Result(b"%d" % number)


def test_all_who_ask_at_once_wait_for_one_reading() -> None:
    async def check() -> None:
        cache, read = MicroCache(0, Clock()), Reader()
        asking = [asyncio.create_task(cache.get("a", read)) for _ in range(20)]
        other = asyncio.create_task(cache.get("b", read))
        await asyncio.sleep(0)
        asking.pop(0).cancel()  # who asked first goes away, and another
        asking.pop().cancel()
        read.may_go.set()
        assert {(answer.body, age) for answer, age in await asyncio.gather(*asking)} == {(b"1", 0.0)}
        assert (await other)[0].body == b"2"
        assert read.count == 2
        assert (await cache.get("a", read))[0].body == b"3"  # fresh for 0 s

    asyncio.run(check())


def test_an_answer_is_given_again_while_it_is_fresh_with_its_age() -> None:
    async def check() -> None:
        clock = Clock()
        cache, read = MicroCache(2, clock), Reader()
        read.may_go.set()
        told = []
        for _ in range(5):
            answer, age_s = await cache.get("a", read)
            told.append((answer.body, age_s))
            clock.now_s += 0.75
        assert told == [(b"1", 0.0), (b"1", 0.75), (b"1", 1.5), (b"2", 0.0), (b"2", 0.75)]

    asyncio.run(check())


def test_a_failure_is_told_to_all_and_not_kept() -> None:
    async def check() -> None:
        cache, calls = MicroCache(60, Clock()), []

        async def fail() -> Result:
            calls.append(1)
            await asyncio.sleep(0)
            raise ValueError("no")

        told = await asyncio.gather(*(cache.get("a", fail) for _ in range(3)), return_exceptions=True)
        assert [str(error) for error in told] == ["no"] * 3
        with pytest.raises(ValueError, match="no"):
            await cache.get("a", fail)
        assert len(calls) == 2

    asyncio.run(check())


def test_what_is_kept_is_bounded() -> None:
    async def check() -> None:
        cache, read = MicroCache(60, Clock()), Reader()
        read.may_go.set()
        for number in range(NUMBER_MAX + 1):
            await cache.get(number, read)
        await cache.get(NUMBER_MAX, read)
        assert read.count == NUMBER_MAX + 1
        await cache.get(0, read)
        assert read.count == NUMBER_MAX + 2

    asyncio.run(check())


def test_analytics_say_how_old_they_are(serve) -> None:  # type: ignore[no-untyped-def]
    api: Api = serve(analytics_fresh_s=60)
    path = "/api/v1/analytics/trials"
    assert api.get(path)["total"] == 0
    trials.write(api.connection, [trial(1)])
    again = api.http.get(path)
    assert (again.json()["total"], again.headers["age"]) == (0, "0")
    assert api.get(f"{path}?per_page=5")["total"] == 1
    known = api.http.get(path, headers={"if-none-match": again.headers["etag"]})
    assert (known.status_code, known.headers["age"]) == (304, "0")
