"""Start and stop of the application itself, without a server."""

import asyncio
import socket
import time

import pytest

from api.app import build
from api.settings import ApiSettings


def test_a_cancelled_start_leaves_no_task_running() -> None:
    """Redis accepts the connection and never answers, so the start waits for the feed."""

    async def scenario(redis_port: int) -> None:
        app = build(
            ApiSettings(),
            database_url="postgresql://nobody@127.0.0.1:9/none",
            redis_url=f"redis://127.0.0.1:{redis_port}/0",
            now_ns=time.time_ns,
            steady_s=time.perf_counter,
        )
        running = app.state.resources.tasks

        async def start() -> None:
            async with app.router.lifespan_context(app):
                raise AssertionError("it started before the feed was reached")

        starting = asyncio.create_task(start())
        async with asyncio.timeout(4):
            while "tail" not in [task.get_name() for task in running]:  # noqa: ASYNC110  the start has no event
                await asyncio.sleep(0.01)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert [task.get_name() for task in running if not task.done()] == []

    with socket.create_server(("127.0.0.1", 0)) as silent:
        asyncio.run(scenario(silent.getsockname()[1]))
