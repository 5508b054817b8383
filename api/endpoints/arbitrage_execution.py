"""Paper execution of an arbitrage: its plan becomes an open paper trade. No order is ever placed."""

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
from store.arbitrage_executions import ArbitrageExecution

PATH = "/api/v1/arbitrage/execute"
ATTEMPTS = 3
"""The opportunity may change or be settled between the read and the write."""
LIVE_LAG_MAX = timedelta(hours=1)
"""A feed that is further behind the clock than this is a recording; no live feed is followed that far behind."""


class ArbitrageExecutionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Opportunity to execute, and the revision on which the caller decided.

    If its plan has changed since that revision, the request is refused.
    """

    opportunity_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$", examples=["f317ac40c85a09eee2e631720a77b947"])]
    revision: Annotated[int, Meta(ge=0, le=2**31 - 1, examples=[2])]


async def execute_arbitrage(resources: Resources, command: CommandRequest) -> Execution:
    """Execute an opportunity on paper, in full size and at the prices of its plan. No order is placed.

    Returns the open paper trade, in dollars: `entry_price` is the cost of one set, `notional` the capital
    committed, `risk` the cost of unwinding all legs but the last (all of the capital if they cannot be unwound),
    `fees` includes gas, and `equity` is that of an account that holds nothing else. The trade closes when the plan
    is settled against the order books that followed. The opportunity's `settlement` then reports what would have
    filled, at what cost, and which leg would have been late.

    Refused with 409 if the opportunity is closed or was executed before, or if its plan has expired or has changed
    since `revision`. A repeated request with the same key and body returns the same trade; the same key with a
    different body is refused with 422. Plans expire by the wall clock; those of simulated or recorded markets, by
    the market's own time.
    """
    request: ArbitrageExecutionRequest = command.body
    existing = await _existing_trade(resources, command.idempotency_key, request)
    if existing is not None:
        return existing
    for _ in range(ATTEMPTS):
        opportunity = await opportunities.LISTING.get(resources.pool, request.opportunity_id)
        if opportunity is None:
            raise ProblemError(NOT_FOUND, f"there is no opportunity {request.opportunity_id}")
        now = await _market_time(resources, opportunity)
        _refuse_if_stale(opportunity, request.revision, now)
        trade = _trade(opportunity, now)
        execution = ArbitrageExecution(
            key=command.idempotency_key,
            opportunity_id=opportunity.id,
            revision=request.revision,
            execution_id=trade.id,
            at=to_datetime(resources.now_ns()),
        )
        if await arbitrage_executions.create(resources.pool, execution, trade, at_revision=opportunity.revision):
            return trade
        existing = await _existing_trade(resources, command.idempotency_key, request)
        if existing is not None:  # the same request was sent twice at the same time
            return existing
    raise ProblemError(CONFLICT, f"opportunity {request.opportunity_id} was executed under another key")


async def _market_time(resources: Resources, opportunity: Opportunity) -> datetime:
    """The time by which a plan expires: the wall clock, or the newest market time if the feed does not follow it."""
    now = to_datetime(resources.now_ns())
    changed_at = await opportunities.changed_at(resources.pool) or opportunity.updated_at
    return changed_at if opportunity.simulated or now - changed_at > LIVE_LAG_MAX else now


async def _existing_trade(resources: Resources, key: str, request: ArbitrageExecutionRequest) -> Execution | None:
    """The trade that an earlier request with this key made."""
    execution = await arbitrage_executions.by_key(resources.pool, key)
    if execution is None:
        return None
    if (execution.opportunity_id, execution.revision) != (request.opportunity_id, request.revision):
        raise ProblemError(KEY_REUSED, f"this key was used for opportunity {execution.opportunity_id}; send a new one")
    return await arbitrage_executions.trade_of(resources.pool, execution)


def _refuse_if_stale(opportunity: Opportunity, revision: int, now: datetime) -> None:
    """Refuse an opportunity that is no longer what the caller decided on."""
    if opportunity.closed_at is not None:
        raise ProblemError(CONFLICT, f"opportunity {opportunity.id} is closed: {opportunity.close_reason}")
    if not opportunity.plan.revision <= revision <= opportunity.revision:
        raise ProblemError(
            CONFLICT,
            f"opportunity {opportunity.id} has changed and is at revision {opportunity.revision}; read it again",
        )
    if opportunity.plan.expires_at <= now:
        raise ProblemError(
            CONFLICT, f"the plan of opportunity {opportunity.id} expired at {opportunity.plan.expires_at.isoformat()}"
        )


def _trade(opportunity: Opportunity, at: datetime) -> Execution:
    """The paper trade of an opportunity; it closes when its plan is settled."""
    capital = float(opportunity.capital)
    unwind_cost = opportunity.plan.unwind_cost
    return Execution(
        id=execution_id(opportunity.id),
        signal_id=opportunity.id,
        venue=venue_of(opportunity.group),
        symbol=symbol_of(opportunity.group),
        market_slug=opportunity.slug,
        signal_type=opportunity.kind,
        timeframe="",
        direction="long",
        planned_at=at,
        updated_at=at,
        entry_price=float(opportunity.capital / opportunity.size),
        entry_time=at,
        exit_price=None,
        exit_time=None,
        shares=float(opportunity.size),
        notional=capital,
        risk=capital if unwind_cost is None else float(unwind_cost),
        fees=float(opportunity.fees + opportunity.gas),
        pnl=None,
        pnl_pct=None,
        pnl_r=None,
        outcome="open",
        skipped_reason=None,
        regime="unknown",
        probability=None,
        equity=capital,
        simulated=opportunity.simulated,
    )
