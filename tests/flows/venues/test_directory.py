"""Every market is in one group, for every source and order of its metadata."""

import msgspec
import pytest

from domain.clock import to_datetime
from domain.instruments import instrument_id, shard_of
from domain.markets import Group, Market, Token
from domain.pairs import Pair
from flows.venues.directory import Directory
from flows.venues.row_buffer import MarketChange
from tests.domain.test_markets import MARKET


def market(number: int, group: str = "polymarket:7") -> Market:
    return msgspec.structs.replace(
        MARKET,
        name=f"polymarket:0x{number}",
        group=group,
        yes=Token(name=f"polymarket:{number}1", outcome="Yes"),
        no=Token(name=f"polymarket:{number}2", outcome="No"),
    )


def event(*markets: Market) -> Group:
    return Group(
        name="polymarket:7", slug="win", title="Who?", kind="event", markets=markets, exclusive=True, exhaustive=True
    )


def alone(number: int) -> Group:
    single = market(number, f"polymarket:0x{number}")
    return Group(name=single.name, slug=single.slug, title="Will it rain?", kind="single", markets=(single,))


ONE, TWO = market(1), market(2)
EVENT = event(ONE, TWO)


def test_a_repeated_group_is_not_published() -> None:
    directory = Directory()
    assert directory.put(EVENT) == [EVENT]
    assert directory.put(EVENT) == []
    assert directory.group_of(TWO.no.instrument) == EVENT
    assert directory.group_of(5) is None


def test_an_event_collects_single_markets() -> None:
    directory = Directory()
    assert directory.put(alone(1)) == [alone(1)]
    gone = msgspec.structs.replace(alone(1), markets=(), exhaustive=False)
    assert directory.put(EVENT) == [gone, EVENT]
    assert directory.group_of(ONE.yes.instrument) == EVENT


def test_a_single_market_is_updated_in_its_group() -> None:
    directory = Directory()
    directory.put(EVENT)
    assert directory.put(alone(2)) == []
    paused = msgspec.structs.replace(alone(2).markets[0], status="paused")
    told = directory.put(msgspec.structs.replace(alone(2), markets=(paused,)))
    assert told == [event(ONE, msgspec.structs.replace(TWO, status="paused"))]


def test_an_added_outcome_makes_an_event_non_exhaustive() -> None:
    directory = Directory()
    directory.put(EVENT)
    third = market(3)
    expected = msgspec.structs.replace(event(ONE, TWO, third), exhaustive=False, augmented=True)
    assert directory.change(MarketChange(third.name, "open", opened=third)) == [expected]
    assert directory.group_of(third.no.instrument) == expected
    fourth = market(4, "polymarket:8")
    assert directory.change(MarketChange(fourth.name, "open", opened=fourth)) == [alone(4)]


def test_a_market_is_resolved() -> None:
    directory = Directory()
    directory.put(EVENT)
    over = msgspec.structs.replace(ONE, status="resolved", winner=ONE.no.name)
    assert directory.change(MarketChange(ONE.name, "resolved", ONE.no.name)) == [event(over, TWO)]
    assert directory.change(MarketChange(ONE.name, "resolved", ONE.no.name)) == []


@pytest.mark.parametrize(
    "change", [MarketChange(ONE.name, "resolved", TWO.yes.name), MarketChange("polymarket:0x9", "closed")]
)
def test_invalid_changes_are_ignored(change: MarketChange) -> None:
    directory = Directory()
    directory.put(EVENT)
    assert directory.change(change) == []


def test_a_market_removed_from_its_event_is_unknown() -> None:
    directory = Directory()
    directory.put(EVENT)
    assert directory.put(event(ONE)) == [event(ONE)]
    assert directory.group_of(TWO.yes.instrument) is None
    assert directory.change(MarketChange(TWO.name, "closed")) == []


def test_old_resolved_groups_are_dropped() -> None:
    directory = Directory(resolved_max=2)
    for number in range(5):
        over = msgspec.structs.replace(alone(number).markets[0], status="resolved")
        directory.put(msgspec.structs.replace(alone(number), markets=(over,)))
    directory.put(EVENT)
    known = [number for number in range(5) if directory.group_of(market(number).yes.instrument)]
    assert known == [1, 2, 3, 4], "1 and 2 are in the event now"
    assert directory.change(MarketChange("polymarket:0x0", "closed")) == []


PAIR = Pair(
    name="rain",
    first=ONE.name,
    second="kalshi:RAIN",
    decided_at=to_datetime(MARKET.closes_at_ns or 1),
    rules=("", ""),
)
THERE = msgspec.structs.replace(
    MARKET,
    name="kalshi:RAIN",
    group="kalshi:RAIN",
    yes=Token(name="kalshi:RAIN:yes", outcome="Yes"),
    no=Token(name="kalshi:RAIN:no", outcome="No"),
)
KALSHI = Group(name="kalshi:RAIN", slug="rain", title="Rain?", kind="single", markets=(THERE,))


def test_paired_groups_are_in_one_shard() -> None:
    directory = Directory([PAIR])
    assert [group.home for group in directory.put(EVENT)] == ["pair:rain"]
    both = directory.put(KALSHI)
    assert [(group.name, group.home, len(group.markets)) for group in both] == [
        ("kalshi:RAIN", "pair:rain", 1),
        ("pair:rain", "pair:rain", 2),
    ]
    tokens = [*ONE.tokens, *TWO.tokens, *THERE.tokens]
    homes = {group.shard for token in tokens if (group := directory.group_of(token.instrument))}
    assert homes == {shard_of(instrument_id("pair:rain"))}
    assert both[1].reviewed is False
    assert "it is not reviewed" in both[1].faults
    assert directory.put(EVENT) == directory.put(KALSHI) == []


def test_a_pair_is_published_again_with_its_markets() -> None:
    directory = Directory([PAIR])
    directory.put(EVENT)
    directory.put(KALSHI)
    paused = directory.change(MarketChange(THERE.name, "paused"))
    assert [(group.name, group.markets[-1].status) for group in paused] == [
        ("kalshi:RAIN", "paused"),
        ("pair:rain", "paused"),
    ]
    lost = directory.put(event(TWO))
    assert [(group.name, group.home, len(group.markets)) for group in lost] == [
        (EVENT.name, "pair:rain", 0),
        (EVENT.name, "", 1),
        ("pair:rain", "pair:rain", 0),
    ]


def test_pairs_of_one_event_move_all_their_groups_to_one_home() -> None:
    other = msgspec.structs.replace(PAIR, name="a", first=TWO.name, second="kalshi:SUN")
    sun = msgspec.structs.replace(
        THERE,
        name="kalshi:SUN",
        yes=Token(name="kalshi:SUN:yes", outcome="Yes"),
        no=Token(name="kalshi:SUN:no", outcome="No"),
    )
    directory = Directory([PAIR, other])
    directory.put(KALSHI)
    directory.put(msgspec.structs.replace(KALSHI, name="kalshi:SUN", markets=(sun,)))
    told = directory.put(EVENT)
    assert {group.home for group in told if group.markets} == {"pair:a"}
    assert [(group.name, group.home) for group in told if not group.markets] == [("kalshi:RAIN", "pair:rain")]
