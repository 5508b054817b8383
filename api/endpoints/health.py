"""Health endpoints: liveness (restart this process?) and readiness (route requests to it?)."""

import asyncio
import logging

import msgspec

from api.errors import UNAVAILABLE, Fault, ProblemError
from api.resources import Resources
from api.rest.result import Result
from domain.errors import ServiceError, SetupError
from store.migrate import pending
from store.postgres import map_errors

log = logging.getLogger(__name__)

TIMEOUT_S = 2.0
"""How long to wait for Postgres."""


class Live(msgspec.Struct, frozen=True):
    """The process is alive."""

    status: str = "live"


class Ready(msgspec.Struct, frozen=True):
    """All services that requests need are available."""

    status: str = "ready"


async def livez(resources: Resources, _: object) -> Live:
    """Liveness: restart this process if the response is not 200.

    503 if one of its background tasks has ended, which only a bug can cause. An outage of Postgres or Redis does not
    fail this check: a restart would not fix it.
    """
    ended = [task.get_name() for task in resources.tasks if task.done()]
    if ended:
        faults = [Fault(name, "has ended; the log has the reason") for name in ended]
        raise ProblemError(UNAVAILABLE, f"{', '.join(ended)} ended; restart this process", faults)
    return Live()


async def readyz(resources: Resources, _: object) -> Ready:
    """Readiness: 200 if this process can serve requests, else 503 with what is missing.

    Postgres must respond and be migrated, and the feed in Redis must be connected.
    """
    faults = []
    if (fault := await _postgres_fault(resources)) is not None:
        faults.append(fault)
    if not resources.tail.connected:
        faults.append(Fault("feed", "not connected to Redis; start it, or set REDIS_URL to one that runs"))
    if faults:
        missing = "; ".join(f"{fault.name}: {fault.detail}" for fault in faults)
        raise ProblemError(UNAVAILABLE, missing, faults)
    return Ready()


async def _postgres_fault(resources: Resources) -> Fault | None:
    # The exact error names hosts and users, so only the log has it.
    try:
        async with asyncio.timeout(TIMEOUT_S):
            with map_errors():
                async with resources.pool.connection():  # the pool checks it before handing it out
                    pass
            missing = await _missing_migrations(resources)
    except (ServiceError, TimeoutError) as problem:
        log.warning("postgres_not_ready error=%s", problem)
        return Fault("postgres", "does not respond; start it, or set DATABASE_URL to one that runs")
    except SetupError as problem:
        log.warning("postgres_not_ready error=%s", problem)
        return Fault("postgres", "was migrated by another version; the log has the details")
    if missing:
        return Fault("postgres", f"lacks the migrations {', '.join(missing)}; run 'signalengine migrate'")
    return None


async def _missing_migrations(resources: Resources) -> list[str]:
    """Migrations not yet applied; cached, since the check opens a connection and anyone may call this endpoint."""

    async def check() -> Result:
        return Result(msgspec.json.encode(await asyncio.to_thread(pending, resources.database_url)))

    result, _ = await resources.micro_cache.get("migrations", check)
    return msgspec.json.decode(result.body, type=list[str])
