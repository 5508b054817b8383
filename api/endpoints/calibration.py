"""Calibration over REST: whether signals stated at 70 % win in 70 of 100 cases."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from api.resources import Resources
from api.rest.params import Name
from domain.statistics.counted import Calibration, calibration
from store import graded


class ChosenForecasts(msgspec.Struct, frozen=True, kw_only=True):
    """Whose probabilities."""

    signal_type: Annotated[Name | None, Meta(description="The strategy.")] = None
    status: Annotated[
        Literal["emitted", "suppressed", "all"],
        Meta(description="Suppressed signals are followed to their outcome too."),
    ] = "all"
    since: Annotated[date | None, Meta(description="Ended on this day (UTC) or later.")] = None
    until: Annotated[date | None, Meta(description="Ended on this day (UTC) or before.")] = None


async def show_calibration(resources: Resources, chosen: ChosenForecasts) -> Calibration:
    """Probabilities at the decision against what happened, over all signals that were entered.

    Bins hold about equal numbers; slope and intercept are 1 and 0 if calibrated.
    """
    steps = await graded.forecasts(
        resources.pool,
        signal_type=chosen.signal_type or "",
        status=None if chosen.status == "all" else chosen.status,
        since=chosen.since or date.min,
        until=chosen.until or date.max,
    )
    return calibration(
        [(each.step / 100, (each.step + 1) / 100) for each in steps],
        [each.n for each in steps],
        [each.wins for each in steps],
        [each.probability_sum for each in steps],
        sum(each.brier_sum for each in steps),
    )
