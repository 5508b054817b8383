import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
from starlette.datastructures import Headers

from api.metrics import Metrics
from api.security.access import KEY_REFRESH_INTERVAL_S, AccessControl
from api.security.rate_limiter import CLIENTS_MAX
from api.security.settings import SecuritySettings
from store.postgres import async_pool, connect
from tests.api.security.keys import WITH_SECRET, bearer, make_key, token


@asynccontextmanager
async def access_control(
    settings: SecuritySettings, database_url: str, redis_url: str, steady_s: Callable[[], float] = time.perf_counter
) -> AsyncIterator[AccessControl]:
    pool = async_pool(database_url, max_size=1)
    await pool.open()
    access = AccessControl(
        settings,
        pool=pool,
        redis_url=redis_url,
        metrics=Metrics(),
        body_bytes_max=0,
        now_ns=time.time_ns,
        steady_s=steady_s,
    )
    try:
        yield access
    finally:
        await access.close()
        await pool.close()


def test_unresponsive_issuer_delays_no_revocation(database_url: str, clean_redis_url: str) -> None:
    async def key_refresh_delay_s(location: str) -> float:
        settings = msgspec.structs.replace(WITH_SECRET, jwt_jwks=location)
        async with access_control(settings, database_url, clean_redis_url) as access:
            running = asyncio.create_task(access.run())
            while not access.keys.is_fresh(time.time()):
                assert not running.done()
                await asyncio.sleep(0.01)
            _, key = make_key(connection, "read")
            started_s = time.monotonic()
            while not access.keys.contains(key.id):
                assert time.monotonic() - started_s < 10
                await asyncio.sleep(0.01)
            delay_s = time.monotonic() - started_s
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        silent.close()  # otherwise asyncio.run would wait for the thread that reads from it
        return delay_s

    with connect(database_url) as connection, socket.create_server(("127.0.0.1", 0)) as silent:
        # It accepts connections and sends nothing.
        port = silent.getsockname()[1]
        assert asyncio.run(key_refresh_delay_s(f"http://127.0.0.1:{port}/jwks.json")) < KEY_REFRESH_INTERVAL_S + 1


def test_many_addresses_evict_no_authenticated_caller(database_url: str, clean_redis_url: str) -> None:
    ada = Headers({**bearer(token(time.time())), "x-forwarded-for": "203.0.113.5"})

    async def rate_limits() -> list[str]:
        settings = msgspec.structs.replace(WITH_SECRET, proxies=1, requests_per_s=2)
        async with access_control(settings, database_url, clean_redis_url, lambda: 0.0) as access:
            before = await access.check_request(ada, b"", "10.0.0.1")
            for number in range(CLIENTS_MAX):
                address = f"2001:db8:{number:x}::1"
                await access.check_request(Headers({"x-forwarded-for": address}), b"", "10.0.0.1")
            after = await access.check_request(ada, b"", "10.0.0.1")
            return [caller.headers["RateLimit"] for caller in (before, after)]

    assert asyncio.run(rate_limits()) == ['"default";r=3;t=0', '"default";r=2;t=0']
