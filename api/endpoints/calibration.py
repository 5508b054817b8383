"""Calibration endpoint: whether signals with a probability of 70 % win in 70 of 100 cases."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from api.resources import Resources
from api.rest.params import SignalType
from domain.statistics.counted import Calibration, calibration
from store import outcome_days


class CalibrationQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query parameters: which signals to include."""

    signal_type: SignalType | None = None
    status: Annotated[
        Literal["emitted", "suppressed", "all"],
        Meta(description="Suppressed signals are tracked to their outcome too."),
    ] = "all"
    since: Annotated[date | None, Meta(description="Signals that ended on or after this day (UTC).")] = None
    until: Annotated[date | None, Meta(description="Signals that ended on or before this day (UTC).")] = None


async def show_calibration(resources: Resources, query: CalibrationQuery) -> Calibration:
    """Calibration: probabilities at the decision against observed win rates, for all signals that were entered.

    Bins contain about equal numbers of signals. Slope and intercept are 1 and 0 if calibration is perfect.
    """
    bins = await outcome_days.forecasts(
        resources.pool,
        signal_type=query.signal_type or "",
        status=None if query.status == "all" else query.status,
        since=query.since or date.min,
        until=query.until or date.max,
    )
    return calibration(
        [(each.step / 100, (each.step + 1) / 100) for each in bins],
        [each.n for each in bins],
        [each.wins for each in bins],
        [each.probability_sum for each in bins],
        sum(each.brier_sum for each in bins),
    )
