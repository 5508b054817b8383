"""Resources: the services that handlers use. Created by `api.app`, opened and closed with the application."""

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
from api.security.access import AccessControl
from api.settings import ApiSettings
from api.symbol_gauges import SymbolGauges
from store.postgres import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Everything that a handler needs besides its request.

    Attributes
    ----------
    now_ns
        Reads the time of day, in nanoseconds UTC.
    steady_s
        Reads a monotonic clock, in seconds.
    tasks
        Background tasks, which run from start-up to shutdown.
    incomplete_requests
        HTTP connections whose request has not arrived completely, and since when.
    """

    settings: ApiSettings
    access: AccessControl
    database_url: str
    pool: Pool
    reader: FeedReader
    metrics: Metrics
    hub: Hub
    tail: Tail
    resume: Resume
    performance: PerformanceCache
    symbols: SymbolGauges
    hot_lists: HotLists
    response_cache: ResponseCache
    micro_cache: MicroCache
    now_ns: Callable[[], int]
    steady_s: Callable[[], float]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    incomplete_requests: dict[Any, float] = field(default_factory=dict)
