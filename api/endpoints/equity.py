"""Equity endpoint: daily equity of the paper account, with return statistics."""

from typing import Annotated

import msgspec
from msgspec import Meta

from api.resources import Resources
from api.rest.params import Instant
from domain.branches import INSTRUMENTS, Branch
from domain.executions import EquityDay
from domain.statistics.returns import Returns, returns
from domain.statistics.trials import Trials, deflated_sharpe
from store import executions

Attempts = Annotated[int, Meta(ge=1, le=1_000_000)]
Variance = Annotated[float, Meta(ge=0, le=1_000_000)]


class EquityQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query parameters: account, period, and the number of variants it was selected from."""

    account: Annotated[Branch, Meta(description="Account of traded instruments, or of prediction markets.")] = (
        INSTRUMENTS
    )
    since: Annotated[Instant | None, Meta(description="Days that ended at or after this time.")] = None
    until: Annotated[Instant | None, Meta(description="Days that ended before this time.")] = None
    trials: Annotated[Attempts | None, Meta(description="Number of variants tried, this one included.")] = None
    trials_variance: Annotated[
        Variance | None,
        Meta(
            description="Variance of the variants' daily Sharpe ratios; needed for `dsr` if `trials` is more than one."
        ),
    ] = None


class Equity(msgspec.Struct, frozen=True, kw_only=True):
    """Equity of a paper account by UTC day, oldest first.

    Attributes
    ----------
    figures
        Statistics of the `n` daily returns in `days`: Sharpe ratio with standard error, drawdown, and `psr`,
        the probability that the true Sharpe ratio is above zero.
    dsr
        Deflated Sharpe ratio: `psr` corrected for the number of variants tried; null unless `trials` is given, with
        `trials_variance` if it is more than one.
    """

    days: list[EquityDay]
    figures: Returns
    trials: int | None
    dsr: float | None


async def show_equity(resources: Resources, query: EquityQuery) -> Equity:
    """Equity of the paper account at the end of each UTC day, with open positions at their last price."""
    days = await executions.days(resources.pool, account=query.account, since=query.since, until=query.until)
    figures = returns([day.daily_return for day in days if day.daily_return is not None])
    variants = None if query.trials is None else Trials(query.trials, query.trials_variance)
    return Equity(
        days=days,
        figures=figures,
        trials=query.trials,
        dsr=None if variants is None else deflated_sharpe(figures.sharpe, variants),
    )
