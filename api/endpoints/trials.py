"""Trials over REST: every backtest that was run, the newest first: what the best of them has to be judged by."""

from typing import Annotated

from msgspec import Meta

from api.resources import Resources
from api.rest.pagination import FilteredListing, Page, PageParameters, paginate
from api.rest.params import Instant
from api.rest.result import Result
from store.trials import LISTING, TrialRow

PATH = "/api/v1/analytics/trials"
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class ChosenTrials(PageParameters, frozen=True, kw_only=True):
    """Which trials, and how many at a time."""

    file: Annotated[Sha256 | None, Meta(description="An input file, as the report names it.")] = None
    since: Annotated[Instant | None, Meta(description="Run then or later.")] = None
    until: Annotated[Instant | None, Meta(description="Run before.")] = None


class TrialsPage(Page, frozen=True, kw_only=True):
    """Trials, newest first."""

    trials: list[TrialRow]


async def list_trials(resources: Resources, chosen: ChosenTrials) -> Result:
    """Backtests that were run, newest first, whatever came of them.

    `backtest` adds to them where it finds a database. Paging is that of `/api/v1/signals`.
    """
    filters = {"file": chosen.file, "since": chosen.since, "until": chosen.until}
    result = await paginate(PATH, chosen, FilteredListing(resources.pool, LISTING, filters))
    return Result(TrialsPage(trials=list(result.rows), **result.fields), result.headers)
