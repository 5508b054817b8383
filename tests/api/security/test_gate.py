import asyncio
import socket
import time

import msgspec

from api.metrics import Metrics
from api.security.gate import REFRESH_S, Gate
from store.postgres import async_pool, connect
from tests.api.security.keys import WITH_SECRET, make_key


def test_issuer_who_does_not_answer_delays_no_revocation(database_url: str, clean_redis_url: str) -> None:
    async def follows_within_s(place: str) -> float:
        pool = async_pool(database_url, max_size=1)
        await pool.open()
        gate = Gate(
            msgspec.structs.replace(WITH_SECRET, jwt_jwks=place),
            pool=pool,
            redis_url=clean_redis_url,
            metrics=Metrics(),
            body_bytes_max=0,
            now_ns=time.time_ns,
            steady_s=time.perf_counter,
        )
        watching = asyncio.create_task(gate.run())
        while not gate.ring.known(time.time()):
            assert not watching.done()
            await asyncio.sleep(0.01)
        _, key = make_key(connection, "read")
        began_s = time.monotonic()
        while not gate.ring.honours(key.id):
            assert time.monotonic() - began_s < 10
            await asyncio.sleep(0.01)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await gate.close()
        await pool.close()
        silent.close()  # or the thread that waits for it would be waited for
        return time.monotonic() - began_s

    with connect(database_url) as connection, socket.create_server(("127.0.0.1", 0)) as silent:
        # It takes connections and says nothing.
        address = silent.getsockname()
        assert asyncio.run(follows_within_s(f"http://{address[0]}:{address[1]}/jwks.json")) < REFRESH_S + 1
