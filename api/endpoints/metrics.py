"""Metrics endpoints: metrics of all worker processes, the engine and alerts, merged into one Prometheus exposition."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from math import isfinite

import msgspec

from api.resources import Resources
from domain.errors import ServiceError, SetupError

TIMEOUT_S = 1.0
"""How long to wait for the engine's metrics from Redis, and for the figures of symbols from Postgres."""


class LegacyMetrics(msgspec.Struct, frozen=True):
    """Latest value of every series, by name and labels; null if it is not finite."""

    metrics: dict[str, float | None]


async def show_metrics(resources: Resources, _: object) -> bytes:
    """Metrics of all worker processes, and of engine and alerts while they run, in the Prometheus text format."""
    return "".join(f"{line}\n" for line in await _lines(resources)).encode()


async def show_legacy_metrics(resources: Resources, _: object) -> LegacyMetrics:
    """The same metrics as one JSON object, for programs that cannot parse the Prometheus text format."""
    series = [line.rpartition(" ") for line in await _lines(resources) if not line.startswith("#")]
    values = {name: float(value) for name, _, value in series}
    return LegacyMetrics({name: value if isfinite(value) else None for name, value in values.items()})


async def _lines(resources: Resources) -> list[str]:
    """Lines of the merged exposition; a source that does not respond in time is left out."""
    with suppress(ServiceError, SetupError, TimeoutError):
        async with asyncio.timeout(TIMEOUT_S):
            await resources.symbols.refresh()
    published: list[str] = []
    with suppress(ServiceError, TimeoutError):
        async with asyncio.timeout(TIMEOUT_S):
            published = await resources.reader.component_metrics()
    own = await asyncio.to_thread(resources.metrics.exposition)  # takes tens of milliseconds: not on the event loop
    return merge(own.decode().splitlines(), *(page.splitlines() for page in published))


def merge(*pages: Iterable[str]) -> list[str]:
    """Merge several expositions into the lines of one, with the lines of each metric family together, as required.

    If a family is described twice, or a series has two values, the first wins.

    Examples
    --------
    >>> api, engine = ["# TYPE a gauge", "a 1"], ["# TYPE b gauge", "b 2", "# TYPE a gauge", "a 9", 'a{x="y"} 3']
    >>> print(*merge(api, engine), sep=" | ")
    # TYPE a gauge | a 1 | a{x="y"} 3 | # TYPE b gauge | b 2
    """
    families: dict[str, dict[str, str]] = {}
    for page in pages:
        described = None
        for line in page:
            if line.startswith(("# HELP ", "# TYPE ")):
                _, keyword, described, *_ = line.split(" ", 3)
                families.setdefault(described, {}).setdefault(f"# {keyword}", line)
            elif line and not line.startswith("#"):
                series = _series(line)
                name = described if described and series.startswith(described) else series.partition("{")[0]
                families.setdefault(name, {}).setdefault(series, line)
    return [line for family in families.values() for line in family.values()]


def _series(line: str) -> str:
    """Name and labels of a sample. Label values may contain any character; nothing after them contains a brace."""
    return line[: line.rindex("}") + 1] if "}" in line else line.partition(" ")[0]
