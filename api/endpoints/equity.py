"""Equity over REST: what the paper account was worth at the end of each day, and what that says."""

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


class ChosenDays(msgspec.Struct, frozen=True, kw_only=True):
    """Which account and days, and out of how many attempts this account was chosen."""

    account: Annotated[Branch, Meta(description="That of traded instruments, or of prediction markets.")] = INSTRUMENTS
    since: Annotated[Instant | None, Meta(description="Ended then or later.")] = None
    until: Annotated[Instant | None, Meta(description="Ended before.")] = None
    trials: Annotated[Attempts | None, Meta(description="Variants that were tried, this one included.")] = None
    trials_variance: Annotated[
        Variance | None, Meta(description="Of their Sharpe ratios, per day; needed for more than one.")
    ] = None


class Equity(msgspec.Struct, frozen=True, kw_only=True):
    """A paper account by UTC days, oldest first.

    Attributes
    ----------
    figures
        Of the `n` daily returns among `days`, with the Sharpe ratio and its standard error, the drawdown
        and `psr`, the probability that the true Sharpe ratio is above zero.
    dsr
        The same once it is known how many variants were tried; null unless `trials` says so.
    """

    days: list[EquityDay]
    figures: Returns
    trials: int | None
    dsr: float | None


async def show_equity(resources: Resources, chosen: ChosenDays) -> Equity:
    """What the paper account was worth at the end of each UTC day, open positions at their last price."""
    days = await executions.days(resources.pool, account=chosen.account, since=chosen.since, until=chosen.until)
    figures = returns([day.daily_return for day in days if day.daily_return is not None])
    tried = None if chosen.trials is None else Trials(chosen.trials, chosen.trials_variance)
    return Equity(
        days=days,
        figures=figures,
        trials=chosen.trials,
        dsr=None if tried is None else deflated_sharpe(figures.sharpe, tried),
    )
