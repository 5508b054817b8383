"""Directory: which groups of markets there are, and to which of them a token belongs."""

from collections.abc import Iterable

import msgspec

from domain.markets import Group, Market
from domain.pairs import Pair, pair_group
from flows.venues.row_buffer import MarketChange

RESOLVED_MAX = 10_000
"""Groups that are remembered after all of their markets were resolved: trades are told of late."""


class Directory:
    """Groups as they are now.

    Every market is in one group of its venue. Venues tell a market alone as well as with its event: what
    comes alone renews the market where it stands, and an event takes in its markets wherever they were.

    The two markets of a pair are in a group of their own besides, and the groups that pairs bind have one
    home, so that all of their books are in one shard. A group that a pair binds only later moves there.

    Parameters
    ----------
    pairs
        Markets of two venues that ask the same question; see `domain.pairs.read_pairs`.
    resolved_max
        Groups that are remembered after they are over.
    """

    def __init__(self, pairs: Iterable[Pair] = (), *, resolved_max: int = RESOLVED_MAX) -> None:
        self._groups: dict[str, Group] = {}
        self._group_of_market: dict[str, str] = {}
        self._group_of_token: dict[int, str] = {}
        self._pair_of = {name: pair for pair in pairs for name in (pair.first, pair.second)}
        self._couples: dict[str, Group] = {}
        self._homes: dict[str, str] = {}  # as they were told last
        self._touched: dict[str, None] = {}  # markets
        self._resolved: dict[str, None] = {}
        self._resolved_max = resolved_max

    def group_of(self, instrument: int) -> Group | None:
        """The group of its venue that a token is in, or None if it is not known."""
        name = self._group_of_token.get(instrument)
        return None if name is None else self._groups[name]

    def put(self, group: Group) -> list[Group]:
        """Take in a group.

        Returns
        -------
        list
            Groups that are new or other than before. One without markets is gone.
        """
        return self._told(self._put(group))

    def change(self, change: MarketChange) -> list[Group]:
        """Groups that are new or other than before, by what a venue says of one market."""
        return self._told(self._change(change))

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
        return changed if before == group else [*changed, self._keep(group)]

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
            # An answer was added, so that those known before were not all, and there may be more.
            markets = (*event.markets, change.opened)
            return [self._keep(msgspec.structs.replace(event, markets=markets, exhaustive=False, augmented=True))]
        alone = msgspec.structs.replace(change.opened, group=change.opened.name)
        return self._put(Group(name=alone.name, slug=alone.slug, title=alone.question, kind="single", markets=(alone,)))

    def _renew(self, home: Group, market: Market) -> list[Group]:
        told = next(each for each in home.markets if each.name == market.name)
        # What binds the market to its group is said by the event alone.
        market = msgspec.structs.replace(market, group=told.group, strike=told.strike, strict=told.strict)
        if market == told:
            return []
        markets = tuple(market if each.name == market.name else each for each in home.markets)
        return [self._keep(msgspec.structs.replace(home, markets=markets))]

    def _without(self, home: Group, market: Market) -> Group:
        markets = tuple(each for each in self._groups[home.name].markets if each.name != market.name)
        return self._keep(msgspec.structs.replace(home, markets=markets, exhaustive=False))

    def _keep(self, group: Group) -> Group:
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

    def _told(self, changed: list[Group]) -> list[Group]:
        """What is to be told of groups that changed: with their homes, and the pairs that they are in."""
        while len(self._resolved) > self._resolved_max:
            oldest = next(iter(self._resolved))
            self._forget(oldest)
            self._homes.pop(oldest, None)
        touched, self._touched = self._touched, {}
        if not self._pair_of:
            return changed
        told = {group.name: group for group in changed}
        for group in changed:
            told |= self._settled(group.name)
        for name in touched:
            if name in self._pair_of:
                told |= self._coupled(self._pair_of[name])
        return [each for group in told.values() for each in self._moved(group)]

    def _settled(self, name: str) -> dict[str, Group]:
        """The groups that pairs bind to one, which get another home by it."""
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

    def _coupled(self, pair: Pair) -> dict[str, Group]:
        """The group of a pair, if it is other than before."""
        name = f"pair:{pair.name}"
        first, second = self._market(pair.first), self._market(pair.second)
        before = self._couples.pop(name, None)
        if first is None or second is None:
            return {} if before is None else {name: msgspec.structs.replace(before, markets=())}
        home = self._groups[self._group_of_market[pair.first]].home
        self._couples[name] = now = msgspec.structs.replace(pair_group(pair, first, second), home=home)
        return {} if now == before else {name: now}

    def _market(self, name: str) -> Market | None:
        group = self._groups.get(self._group_of_market.get(name, ""))
        return next((market for market in group.markets if market.name == name), None) if group else None

    def _moved(self, group: Group) -> list[Group]:
        """A group as it is told; where it was before, that it is gone."""
        before = self._homes.pop(group.name, group.home)
        if group.members:
            self._homes[group.name] = group.home
        gone = msgspec.structs.replace(group, markets=(), home=before)
        return [group] if before == group.home else [gone, group]
