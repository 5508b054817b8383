"""Trials endpoint: every backtest that was run, since a result is judged by the number of attempts behind it."""

from typing import Annotated

from msgspec import Meta

from api.resources import Resources
from api.rest.pagination import FilteredListing, Page, PageParameters, paginate
from api.rest.params import Instant
from api.rest.result import Result
from store.trials import LISTING, TrialRow

PATH = "/api/v1/analytics/trials"
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class TrialsQuery(PageParameters, frozen=True, kw_only=True):
    """Query parameters: filters and paging of trials."""

    file: Annotated[Sha256 | None, Meta(description="SHA-256 of an input file, as in the report.")] = None
    since: Annotated[Instant | None, Meta(description="Run at or after this time.")] = None
    until: Annotated[Instant | None, Meta(description="Run before this time.")] = None


class TrialsPage(Page, frozen=True, kw_only=True):
    """Trials, newest first."""

    trials: list[TrialRow]


async def list_trials(resources: Resources, query: TrialsQuery) -> Result:
    """All backtests that were run, newest first, whatever their result.

    `backtest` records each run if it finds a database. Paging works as in `/api/v1/signals`.
    """
    filters = {"file": query.file, "since": query.since, "until": query.until}
    result = await paginate(PATH, query, FilteredListing(resources.pool, LISTING, filters))
    return Result(TrialsPage(trials=list(result.rows), **result.fields), result.headers)
