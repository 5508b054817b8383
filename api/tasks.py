"""Tasks: background tasks of the application and of its connections."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any

log = logging.getLogger(__name__)

CANCEL_RETRY_S = 0.2
"""Pause before a task that still runs is cancelled again."""


def start(name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Start a task that runs until shutdown. If it ends before, which is a bug, that is logged and /livez fails."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_log_end)
    return task


def spawn(name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Start a task that ends by itself; a failure is logged. The caller must hold a reference to it until then."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_log_failure)
    return task


async def stop(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel `tasks` and wait until they have ended.

    They are cancelled repeatedly: `asyncio.wait_for` of Python 3.11, in which redis-py sends, swallows a
    cancellation that arrives as the send completes (python/cpython#86296). Seen in one stop of three.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_RETRY_S)


def _log_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        log.critical("task_ended name=%s", task.get_name(), exc_info=task.exception())


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("task_failed name=%s", task.get_name(), exc_info=task.exception())
