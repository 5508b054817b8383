"""Tasks: what runs beside the requests, from the start of the application to its end."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any

log = logging.getLogger(__name__)

PATIENCE_S = 0.2


def start(name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task whose end, which only a bug can bring about, is logged; /livez then asks for a restart."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_log_end)
    return task


def spawn(name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task that comes to an end; the caller keeps it until then. If it fails, that is logged."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_log_failure)
    return task


async def stop(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel `tasks` and wait until they have ended.

    They are asked again until they listen: `asyncio.wait_for` of Python 3.11, in which redis-py sends,
    loses a cancellation that arrives as the send completes (python/cpython#86296). Seen in one stop of three.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=PATIENCE_S)


def _log_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        log.critical("task_ended name=%s", task.get_name(), exc_info=task.exception())


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("task_failed name=%s", task.get_name(), exc_info=task.exception())
