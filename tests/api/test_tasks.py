import asyncio

from api import tasks


def test_a_task_that_loses_a_cancellation_is_cancelled_again() -> None:
    cancellations = 0

    async def ignore_the_first() -> None:
        nonlocal cancellations
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancellations += 1
                if cancellations == 2:
                    raise

    async def run() -> bool:
        task = tasks.start("stubborn", ignore_the_first())
        await asyncio.sleep(0)
        await tasks.stop([task])
        return task.cancelled()

    assert asyncio.run(run())
    assert cancellations == 2


def test_stopping_nothing_or_an_ended_task_does_not_wait() -> None:
    async def nothing() -> None:
        pass

    async def run() -> None:
        task = tasks.start("short", nothing())
        await task
        await tasks.stop([task])
        await tasks.stop([])

    asyncio.run(run())
