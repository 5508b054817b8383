"""Executing an arbitrage, on paper: its plan becomes an open paper trade. No order is ever placed."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from api.errors import CONFLICT, KEY_REUSED, NOT_FOUND, ProblemError
from api.resources import Resources
from api.rest.command import CommandRequest
from domain.clock import to_datetime
from domain.executions import Execution
from domain.ids import execution_id
from domain.instruments import symbol_of, venue_of
from domain.opportunities import Opportunity
from store import arbitrage_executions, opportunities
from store.arbitrage_executions import Taken

PATH = "/api/v1/arbitrage/execute"
TRIES = 3
"""An opportunity may be judged, or change, between the reading and the taking."""
LIVE = timedelta(hours=1)
"""A feed whose news are older is a recording; so far behind, no live one is still followed."""


class WantedArbitrage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which opportunity, and as of which change: what has changed since is not what was looked at."""

    opportunity_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$", examples=["f317ac40c85a09eee2e631720a77b947"])]
    revision: Annotated[int, Meta(ge=0, le=2**31 - 1, examples=[2])]


async def execute_arbitrage(resources: Resources, request: CommandRequest) -> Execution:
    """Execute an opportunity on paper: whole, at the prices of its plan. No order is placed.

    The paper trade is told as open, in dollars: `entry_price` is what a set costs, `notional` the capital
    that is bound, `risk` what it costs to undo all legs but the last, `fees` with gas, and `equity` that of
    an account which holds nothing else. It ends with the judgement of its plan by the books that followed, in
    the opportunity's `settlement`: what would have filled, for how much, and which leg would have been late.

    Refused with 409: an opportunity that is closed, whose plan has changed since `revision` or has expired, or
    that was executed before. The same key and content again get the same trade; the same key with other content
    is refused with 422. A plan expires by the clock; one of simulated or recorded markets, by their own time.
    """
    wanted: WantedArbitrage = request.body
    known = await _known(resources, request.idempotency_key, wanted)
    if known is not None:
        return known
    for _ in range(TRIES):
        found = await opportunities.LISTING.one(resources.pool, wanted.opportunity_id)
        if found is None:
            raise ProblemError(NOT_FOUND, f"there is no opportunity {wanted.opportunity_id}")
        now = await _now(resources, found)
        _refuse_if_other(found, wanted.revision, now)
        trade = _trade(found, now)
        taken = Taken(
            key=request.idempotency_key,
            opportunity_id=found.id,
            revision=wanted.revision,
            execution_id=trade.id,
            at=to_datetime(resources.now_ns()),
        )
        if await arbitrage_executions.take(resources.pool, taken, trade, at_revision=found.revision):
            return trade
        known = await _known(resources, request.idempotency_key, wanted)
        if known is not None:  # the same request, sent twice at the same moment
            return known
    raise ProblemError(CONFLICT, f"opportunity {wanted.opportunity_id} was executed under another key")


async def _now(resources: Resources, found: Opportunity) -> datetime:
    """The instant by which a plan expires: now, or what was known last of a feed that does not keep our time."""
    now = to_datetime(resources.now_ns())
    known = await opportunities.changed_at(resources.pool) or found.updated_at
    return known if found.simulated or now - known > LIVE else now


async def _known(resources: Resources, key: str, wanted: WantedArbitrage) -> Execution | None:
    """The trade that was made under this key."""
    taken = await arbitrage_executions.by_key(resources.pool, key)
    if taken is None:
        return None
    if (taken.opportunity_id, taken.revision) != (wanted.opportunity_id, wanted.revision):
        raise ProblemError(KEY_REUSED, f"this key was used for opportunity {taken.opportunity_id}; take a new one")
    return await arbitrage_executions.trade_of(resources.pool, taken)


def _refuse_if_other(found: Opportunity, revision: int, now: datetime) -> None:
    """Refuse what is no longer what was looked at."""
    if found.closed_at is not None:
        raise ProblemError(CONFLICT, f"opportunity {found.id} is closed: {found.close_reason}")
    if not found.plan.revision <= revision <= found.revision:
        raise ProblemError(CONFLICT, f"opportunity {found.id} changed, it is at revision {found.revision}; read it")
    if found.plan.expires_at <= now:
        raise ProblemError(
            CONFLICT, f"the plan of opportunity {found.id} expired at {found.plan.expires_at.isoformat()}"
        )


def _trade(found: Opportunity, at: datetime) -> Execution:
    """The paper trade of an opportunity; it ends when its plan is judged."""
    capital = float(found.capital)
    unwinding = found.plan.unwind_cost
    return Execution(
        id=execution_id(found.id),
        signal_id=found.id,
        venue=venue_of(found.group),
        symbol=symbol_of(found.group),
        market_slug=found.slug,
        signal_type=found.kind,
        timeframe="",
        direction="long",
        planned_at=at,
        updated_at=at,
        entry_price=float(found.capital / found.size),
        entry_time=at,
        exit_price=None,
        exit_time=None,
        shares=float(found.size),
        notional=capital,
        risk=capital if unwinding is None else float(unwinding),
        fees=float(found.fees + found.gas),
        pnl=None,
        pnl_pct=None,
        pnl_r=None,
        outcome="open",
        skipped_reason=None,
        regime="unknown",
        probability=None,
        equity=capital,
        simulated=found.simulated,
    )
