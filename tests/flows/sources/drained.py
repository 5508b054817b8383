"""All items of a partition of a simulated source, in one run or resumed after each batch."""

from collections.abc import Callable

from flows.sources.simulated import Item, SimulatedSource


def drained(made: Callable[[], SimulatedSource], name: str, *, restarts: bool = False) -> list[Item]:
    """The items of partition `name`; with `restarts`, a new source resumes from each snapshot."""
    part = made().build_part("log", name, None)
    items: list[Item] = []
    while True:
        try:
            items += part.next_batch()
        except StopIteration:
            return items
        if restarts:
            part = made().build_part("log", name, part.snapshot())
