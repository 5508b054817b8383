"""Hot lists: the newest signals and composites, and the open opportunities, which are requested most."""

import asyncio
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from api.memory.hot_list import HotList, Source
from api.memory.projections import CompositeProjection, OpportunityProjection, SignalProjection
from api.rest.pagination import FilteredListing
from domain.composites import Composite
from domain.errors import ServiceError, SetupError
from domain.opportunities import Opportunity
from domain.signals import Signal
from store import composites, opportunities, signals
from store.postgres import Pool

REFRESH_INTERVAL_S: Final = 1.0
"""Pause between two reconciliations with Postgres."""

log = logging.getLogger(__name__)


class HotLists:
    """The lists held in memory.

    Parameters
    ----------
    rows_max
        Rows held of each list; with 0 every request queries Postgres.
    steady_s
        Reads a monotonic clock, in seconds.
    """

    def __init__(self, pool: Pool, rows_max: int, steady_s: Callable[[], float]) -> None:
        self.signals = HotList(_signals(pool), ("symbol", "market_slug"), rows_max, steady_s)
        self.composites = HotList(_composites(pool), ("symbol", "pattern_type"), rows_max, steady_s)
        self.opportunities = HotList(_opportunities(pool), (), rows_max, steady_s)
        self._by_channel: dict[str, HotList[Any, Any]] = {
            "signals": self.signals,
            "composites": self.composites,
            "arbitrage": self.opportunities,
        }
        self._failed = False

    def apply(self, channel: str, payload: bytes) -> None:
        """Apply an entry of the feed to the list of its channel, if there is one."""
        hot_list = self._by_channel.get(channel)
        if hot_list is not None:
            hot_list.apply(payload)

    def set_subscribed(self, *, subscribed: bool) -> None:
        """Set whether `apply` receives every entry of the feed."""
        for hot_list in self._by_channel.values():
            hot_list.set_subscribed(subscribed=subscribed)

    async def run(self) -> None:
        """Refresh the lists regularly, until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(REFRESH_INTERVAL_S)

    async def refresh(self) -> None:
        """Load or reconcile each list that is in use, once."""
        failed = False
        for hot_list in self._by_channel.values():
            try:
                await hot_list.refresh()
            except (ServiceError, SetupError, msgspec.MsgspecError) as problem:
                if not (self._failed or failed):
                    log.warning("hot_lists_not_refreshed error=%s", problem)
                failed = True
                hot_list.on_postgres_down()
        self._failed = failed


def _signals(pool: Pool) -> Source[SignalProjection, Signal]:
    return Source(
        projection=SignalProjection,
        record=Signal,
        rows=FilteredListing(pool, signals.LISTING, {"status": "emitted"}),
        version_of=lambda row: int(row.outcome is not None),
    )


def _composites(pool: Pool) -> Source[CompositeProjection, Composite]:
    return Source(projection=CompositeProjection, record=Composite, rows=FilteredListing(pool, composites.LISTING, {}))


def _opportunities(pool: Pool) -> Source[OpportunityProjection, Opportunity]:
    return Source(
        projection=OpportunityProjection,
        record=Opportunity,
        rows=FilteredListing(pool, opportunities.LISTING, {"open": True}),
        version_of=lambda row: row.revision,
        includes=lambda row: row.closed_at is None,
        normalize=_normalize,
        changed_at=lambda: opportunities.changed_at(pool),
    )


def _normalize(record: Opportunity) -> Opportunity:
    """With amounts as Postgres's `numeric` returns them: 1E+3 as 1000, and -0 as 0."""
    amounts = {
        name: value
        for name in record.__struct_fields__
        if isinstance(value := getattr(record, name), Decimal) and (value.as_tuple().exponent > 0 or not value)  # type: ignore[operator]  # no amount is NaN
    }
    plain = {name: Decimal(f"{value if value else abs(value):f}") for name, value in amounts.items()}
    return msgspec.structs.replace(record, **plain) if plain else record
