"""Directory: which groups of markets there are, and to which of them a token belongs."""

import msgspec

from domain.markets import Group, Market
from flows.venues.intake import Change


class Directory:
    """Groups as they are now.

    Every market is in one group. Venues tell a market alone as well as with its event: what comes
    alone renews the market where it stands, and an event takes in its markets wherever they were.
    """

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}
        self._group_of_market: dict[str, str] = {}
        self._group_of_token: dict[int, str] = {}

    def group_of(self, instrument: int) -> Group | None:
        """The group of a token, or None if it is not known."""
        name = self._group_of_token.get(instrument)
        return None if name is None else self._groups[name]

    def put(self, group: Group) -> list[Group]:
        """Take in a group.

        Returns
        -------
        list
            Groups that are new or other than before. One without markets is gone.
        """
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
        if self._groups.get(group.name) == group:
            return changed
        return [*changed, self._keep(group)]

    def change(self, change: Change) -> list[Group]:
        """Groups that are new or other than before, by what a venue says of one market."""
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
        return self.put(Group(name=alone.name, slug=alone.slug, title=alone.question, kind="single", markets=(alone,)))

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
        before = self._groups.get(group.name)
        for market in before.markets if before is not None else ():
            self._group_of_market.pop(market.name, None)
            for token in (market.yes, market.no):
                self._group_of_token.pop(token.instrument, None)
        self._groups[group.name] = group
        for market in group.markets:
            self._group_of_market[market.name] = group.name
            self._group_of_token[market.yes.instrument] = self._group_of_token[market.no.instrument] = group.name
        return group
