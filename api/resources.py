"""Resources: what handlers stand on. Made by `api.app`, opened and closed with the application."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from api.endpoints.performance_cache import PerformanceCache
from api.feed.hub import Hub
from api.feed.reader import FeedReader
from api.feed.resume import Resume
from api.feed.tail import Tail
from api.memory.hot_lists import HotLists
from api.memory.micro_cache import MicroCache
from api.memory.response_cache import ResponseCache
from api.metrics import Metrics
from api.security.gate import Gate
from api.settings import ApiSettings
from api.symbol_gauges import SymbolGauges
from store.postgres import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Everything outside of the request.

    Attributes
    ----------
    now_ns
        Reads the time of day, in nanoseconds UTC.
    steady_s
        Reads a clock that only goes forward, in seconds.
    tasks
        What runs beside the requests, from start to stop.
    incomplete_requests
        Connections whose request is not complete, and since when.
    """

    settings: ApiSettings
    gate: Gate
    database_url: str
    pool: Pool
    reader: FeedReader
    metrics: Metrics
    hub: Hub
    tail: Tail
    resume: Resume
    performance: PerformanceCache
    symbols: SymbolGauges
    hot: HotLists
    response_cache: ResponseCache
    micro_cache: MicroCache
    now_ns: Callable[[], int]
    steady_s: Callable[[], float]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    incomplete_requests: dict[Any, float] = field(default_factory=dict)
