import asyncio

from api import tasks


def test_a_task_that_does_not_hear_is_asked_again() -> None:
    heard = 0

    async def hard_of_hearing() -> None:
        nonlocal heard
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                heard += 1
                if heard == 2:
                    raise

    async def live() -> bool:
        task = tasks.start("deaf", hard_of_hearing())
        await asyncio.sleep(0)
        await tasks.stop([task])
        return task.cancelled()

    assert asyncio.run(live())
    assert heard == 2


def test_to_stop_nothing_or_what_has_ended_is_no_wait() -> None:
    async def nothing() -> None:
        pass

    async def live() -> None:
        task = tasks.start("short", nothing())
        await task
        await tasks.stop([task])
        await tasks.stop([])

    asyncio.run(live())
