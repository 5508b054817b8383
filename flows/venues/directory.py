"""Directory: the known groups of markets, and the group of each token."""

from collections.abc import Iterable

import msgspec

from domain.markets import Group, Market
from domain.pairs import Pair, pair_group
from flows.venues.row_buffer import MarketChange

RESOLVED_MAX = 10_000
"""Number of groups kept after all of their markets were resolved, since trades may be published late."""


class Directory:
    """The current state of all groups.

    Every market is in one group of its venue. Venues publish a market both alone and with its event: a market
    that comes alone is updated in its present group, and an event collects its markets from other groups.

    The two markets of a pair are in an additional group, and groups that are connected by pairs have the same
    home, so that all of their books are in one shard. A group that is connected later moves there.

    Parameters
    ----------
    pairs
        Markets of two venues that ask the same question; see `domain.pairs.read_pairs`.
    resolved_max
        Number of resolved groups to keep.
    """

    def __init__(self, pairs: Iterable[Pair] = (), *, resolved_max: int = RESOLVED_MAX) -> None:
        self._groups: dict[str, Group] = {}
        self._group_of_market: dict[str, str] = {}
        self._group_of_token: dict[int, str] = {}
        self._pair_of = {name: pair for pair in pairs for name in (pair.first, pair.second)}
        self._pair_groups: dict[str, Group] = {}
        self._homes: dict[str, str] = {}  # as last published
        self._touched: dict[str, None] = {}  # markets changed since the last publication
        self._resolved: dict[str, None] = {}
        self._resolved_max = resolved_max

    def group_of(self, instrument: int) -> Group | None:
        """The group of a token at its venue, or None if it is unknown."""
        name = self._group_of_token.get(instrument)
        return None if name is None else self._groups[name]

    def put(self, group: Group) -> list[Group]:
        """Add or replace a group.

        Returns
        -------
        list
            Groups that are new or changed. A group without markets was removed.
        """
        return self._to_publish(self._put(group))

    def change(self, change: MarketChange) -> list[Group]:
        """Apply a change of one market; return the groups that are new or changed."""
        return self._to_publish(self._change(change))

    def _put(self, group: Group) -> list[Group]:
        if group.kind == "single":
            (market,) = group.markets
            home = self._groups.get(self._group_of_market.get(market.name, ""))
            if home is not None and home.kind != "single":
                return self._renew(home, market)
        changed: list[Group] = []
        for market in group.markets:
            home = self._groups.get(self._group_of_market.get(market.name, ""))
            if home is not None and home.name != group.name:
                changed.append(self._without(home, market))
        before = self._groups.get(group.name)
        group = msgspec.structs.replace(group, home=before.home if before else "")
        return changed if before == group else [*changed, self._store(group)]

    def _change(self, change: MarketChange) -> list[Group]:
        home = self._groups.get(self._group_of_market.get(change.market, ""))
        if home is not None:
            market = next(each for each in home.markets if each.name == change.market)
            if change.winner not in ("", market.yes.name, market.no.name):
                return []
            return self._renew(home, msgspec.structs.replace(market, status=change.status, winner=change.winner))
        if change.opened is None:
            return []
        event = self._groups.get(change.opened.group)
        if event is not None and event.kind == "event":
            # A market was added, so the event was not exhaustive, and more may follow.
            markets = (*event.markets, change.opened)
            return [self._store(msgspec.structs.replace(event, markets=markets, exhaustive=False, augmented=True))]
        alone = msgspec.structs.replace(change.opened, group=change.opened.name)
        return self._put(Group(name=alone.name, slug=alone.slug, title=alone.question, kind="single", markets=(alone,)))

    def _renew(self, home: Group, market: Market) -> list[Group]:
        known = next(each for each in home.markets if each.name == market.name)
        # Only the event has the fields that connect the market to its group.
        market = msgspec.structs.replace(market, group=known.group, strike=known.strike, strict=known.strict)
        if market == known:
            return []
        markets = tuple(market if each.name == market.name else each for each in home.markets)
        return [self._store(msgspec.structs.replace(home, markets=markets))]

    def _without(self, home: Group, market: Market) -> Group:
        markets = tuple(each for each in self._groups[home.name].markets if each.name != market.name)
        return self._store(msgspec.structs.replace(home, markets=markets, exhaustive=False))

    def _store(self, group: Group) -> Group:
        self._forget(group.name)
        self._touched |= dict.fromkeys(market.name for market in group.markets)
        if group.members:
            self._groups[group.name] = group
        if group.markets and all(market.status == "resolved" for market in group.markets):
            self._resolved[group.name] = None
        self._group_of_market |= dict.fromkeys((market.name for market in group.markets), group.name)
        self._group_of_token |= {token.instrument: group.name for each in group.members for token in each.tokens}
        return group

    def _forget(self, name: str) -> None:
        before = self._groups.pop(name, None)
        self._resolved.pop(name, None)
        for market in before.markets if before is not None else ():
            self._touched[market.name] = None
            self._group_of_market.pop(market.name, None)
        for member in before.members if before is not None else ():
            for token in member.tokens:
                self._group_of_token.pop(token.instrument, None)

    def _to_publish(self, changed: list[Group]) -> list[Group]:
        """The groups to publish for some changed ones: with their homes, and with the pairs of their markets."""
        while len(self._resolved) > self._resolved_max:
            oldest = next(iter(self._resolved))
            self._forget(oldest)
            self._homes.pop(oldest, None)
        touched, self._touched = self._touched, {}
        if not self._pair_of:
            return changed
        groups = {group.name: group for group in changed}
        for group in changed:
            groups |= self._with_common_home(group.name)
        for name in touched:
            if name in self._pair_of:
                groups |= self._update_pair(self._pair_of[name])
        return [each for group in groups.values() for each in self._with_removal(group)]

    def _with_common_home(self, name: str) -> dict[str, Group]:
        """Give all groups that pairs connect to one the same home; return those that moved."""
        bound, pairs = [name] if name in self._groups else [], set()
        for each in bound:
            for market in self._groups[each].markets:
                if pair := self._pair_of.get(market.name):
                    pairs.add(f"pair:{pair.name}")
                    there = {self._group_of_market.get(side) for side in (pair.first, pair.second)}
                    bound += sorted(other for other in there if other is not None and other not in bound)
        home = min(pairs, default="")
        moved = {each: msgspec.structs.replace(self._groups[each], home=home) for each in bound}
        moved = {each: group for each, group in moved.items() if group.home != self._groups[each].home}
        self._groups |= moved
        return moved

    def _update_pair(self, pair: Pair) -> dict[str, Group]:
        """Update the group of a pair; return it if it changed."""
        name = f"pair:{pair.name}"
        first, second = self._market(pair.first), self._market(pair.second)
        before = self._pair_groups.pop(name, None)
        if first is None or second is None:
            return {} if before is None else {name: msgspec.structs.replace(before, markets=())}
        home = self._groups[self._group_of_market[pair.first]].home
        self._pair_groups[name] = now = msgspec.structs.replace(pair_group(pair, first, second), home=home)
        return {} if now == before else {name: now}

    def _market(self, name: str) -> Market | None:
        group = self._groups.get(self._group_of_market.get(name, ""))
        return next((market for market in group.markets if market.name == name), None) if group else None

    def _with_removal(self, group: Group) -> list[Group]:
        """The group, preceded by its removal from its previous home if it moved."""
        before = self._homes.pop(group.name, group.home)
        if group.members:
            self._homes[group.name] = group.home
        gone = msgspec.structs.replace(group, markets=(), home=before)
        return [group] if before == group.home else [gone, group]
