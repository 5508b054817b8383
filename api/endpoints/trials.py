"""Trials over REST: every backtest that was run, the newest first: what the best of them has to be judged by."""

from typing import Annotated

import msgspec
from msgspec import Meta

from api.resources import Resources
from api.rest.paging import SIZE, Size
from api.rest.params import Instant
from store.trials import LISTING, TrialRow

PATH = "/api/v1/analytics/trials"
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class ChosenTrials(msgspec.Struct, frozen=True, kw_only=True):
    """Which trials, and how many at most."""

    file: Annotated[Sha256 | None, Meta(description="An input file, as the report names it.")] = None
    since: Annotated[Instant | None, Meta(description="Run then or later.")] = None
    until: Annotated[Instant | None, Meta(description="Run before.")] = None
    limit: Size = SIZE


class Trials(msgspec.Struct, frozen=True, kw_only=True):
    """Trials, newest first; `total` is of all that were asked for, null above 100,000."""

    trials: list[TrialRow]
    total: int | None


async def list_trials(resources: Resources, chosen: ChosenTrials) -> Trials:
    """Backtests that were run, newest first, whatever came of them.

    `backtest` adds to them where it finds a database. Older ones than those on a page are had by `until`.
    """
    filters = {"file": chosen.file, "since": chosen.since, "until": chosen.until}
    return Trials(
        trials=await LISTING.page(resources.pool, filters, limit=chosen.limit),
        total=await LISTING.count(resources.pool, filters),
    )
