"""Health: whether this process should be restarted, and whether it should be sent requests."""

import asyncio
import logging

import msgspec

from api.errors import UNAVAILABLE, Fault, ProblemError
from api.resources import Resources
from api.rest.result import Result
from domain.errors import ServiceError, SetupError
from store.migrate import pending
from store.postgres import reachable

log = logging.getLogger(__name__)

PATIENCE_S = 2.0
"""How long Postgres may take to answer."""


class Live(msgspec.Struct, frozen=True):
    """The process turns."""

    status: str = "live"


class Ready(msgspec.Struct, frozen=True):
    """All that requests need is there."""

    status: str = "ready"


async def livez(resources: Resources, _: object) -> Live:
    """Whether this process works; if not, restart it.

    503 if one of its tasks has ended, which only a bug can do. That Postgres or Redis is away is no
    reason: a restart would not bring them back.
    """
    ended = [task.get_name() for task in resources.tasks if task.done()]
    if ended:
        faults = [Fault(name, "has ended; its reason is in the log") for name in ended]
        raise ProblemError(UNAVAILABLE, f"{', '.join(ended)} ended; restart this process", faults)
    return Live()


async def readyz(resources: Resources, _: object) -> Ready:
    """Whether requests can be answered; if not, 503 and what is missing.

    Postgres must answer and be migrated, and the feed must be followed.
    """
    faults = []
    if (fault := await _postgres_fault(resources)) is not None:
        faults.append(fault)
    if not resources.tail.connected:
        faults.append(Fault("feed", "Redis is not followed; start it, or give another REDIS_URL"))
    if faults:
        missing = "; ".join(f"{fault.name}: {fault.detail}" for fault in faults)
        raise ProblemError(UNAVAILABLE, missing, faults)
    return Ready()


async def _postgres_fault(resources: Resources) -> Fault | None:
    # What exactly is wrong names hosts and users; it is for the log alone.
    try:
        async with asyncio.timeout(PATIENCE_S):
            with reachable():
                async with resources.pool.connection():  # which the pool has tried before it gives it
                    pass
            behind = await _behind(resources)
    except (ServiceError, TimeoutError) as problem:
        log.warning("postgres_not_ready error=%s", problem)
        return Fault("postgres", "does not answer; start it, or give another DATABASE_URL")
    except SetupError as problem:
        log.warning("postgres_not_ready error=%s", problem)
        return Fault("postgres", "was migrated by another version; see the log")
    if behind:
        return Fault("postgres", f"lacks the migrations {', '.join(behind)}; run 'signalengine migrate'")
    return None


async def _behind(resources: Resources) -> list[str]:
    """Migrations that are missing: asked on a connection of its own, so never once for each stranger who asks us."""

    async def ask() -> Result:
        return Result(msgspec.json.encode(await asyncio.to_thread(pending, resources.database_url)))

    told, _ = await resources.micro_cache.get("migrations", ask)
    return msgspec.json.decode(told.body, type=list[str])
