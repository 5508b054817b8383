"""Hot lists: the newest signals and composites, and the open opportunities, which are asked for most."""

import asyncio
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from api.memory.heads import CompositeHead, OpportunityHead, SignalHead
from api.memory.hot_list import HotList, Source
from api.rest.pagination import FilteredListing
from domain.composites import Composite
from domain.errors import ServiceError, SetupError
from domain.opportunities import Opportunity
from domain.signals import Signal
from store import composites, opportunities, signals
from store.postgres import Pool

COMPARED_S: Final = 1.0
"""How often a list that is asked for is compared with Postgres."""

log = logging.getLogger(__name__)


class HotLists:
    """The lists that are kept in memory.

    Parameters
    ----------
    rows_max
        Rows of each; 0: none, and Postgres answers everything.
    steady_s
        Reads a clock that only goes forward, in seconds.
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

    def take(self, channel: str, payload: bytes) -> None:
        """An entry of the feed."""
        hot = self._by_channel.get(channel)
        if hot is not None:
            hot.take(payload)

    def follow(self, *, followed: bool) -> None:
        """Say whether `take` is given all that is announced."""
        for hot in self._by_channel.values():
            hot.follow(followed=followed)

    async def run(self) -> None:
        """Compare with Postgres until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(COMPARED_S)

    async def refresh(self) -> None:
        """Compare with Postgres once, as far as anybody asks."""
        failed = False
        for hot in self._by_channel.values():
            try:
                await hot.refresh()
            except (ServiceError, SetupError, msgspec.MsgspecError) as problem:
                if not (self._failed or failed):
                    log.warning("hot_lists_not_compared error=%s", problem)
                failed = True
                hot.do_without_postgres()
        self._failed = failed


def _signals(pool: Pool) -> Source[SignalHead, Signal]:
    return Source(
        head=SignalHead,
        record=Signal,
        rows=FilteredListing(pool, signals.LISTING, {"status": "emitted"}),
        version=lambda row: int(row.outcome is not None),
    )


def _composites(pool: Pool) -> Source[CompositeHead, Composite]:
    return Source(head=CompositeHead, record=Composite, rows=FilteredListing(pool, composites.LISTING, {}))


def _opportunities(pool: Pool) -> Source[OpportunityHead, Opportunity]:
    return Source(
        head=OpportunityHead,
        record=Opportunity,
        rows=FilteredListing(pool, opportunities.LISTING, {"open": True}),
        version=lambda row: row.revision,
        listed=lambda row: row.closed_at is None,
        exact=_exact,
        changed_at=lambda: opportunities.changed_at(pool),
    )


def _exact(record: Opportunity) -> Opportunity:
    """With its amounts as `numeric` gives them back: 1E+3 as 1000, and no zero below zero."""
    amounts = {
        name: value
        for name in record.__struct_fields__
        if isinstance(value := getattr(record, name), Decimal) and (value.as_tuple().exponent > 0 or not value)  # type: ignore[operator]  # no amount is NaN
    }
    plain = {name: Decimal(f"{value if value else abs(value):f}") for name, value in amounts.items()}
    return msgspec.structs.replace(record, **plain) if plain else record
