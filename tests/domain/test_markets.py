"""The books of a group are in one shard, whatever the names of its markets."""

from decimal import Decimal

import msgspec

from domain.instruments import SHARDS
from domain.markets import FeeSchedule, Group, Market, Token

MARKET = Market(
    name="polymarket:0xabc",
    slug="will-it-rain",
    question="Will it rain?",
    group="polymarket:1",
    yes=Token(name="polymarket:11", outcome="Yes"),
    no=Token(name="polymarket:22", outcome="No"),
    fees=FeeSchedule(kind="polymarket", rate=Decimal("0.07")),
    tick=Decimal("0.01"),
    minimum_size=Decimal(5),
    mirrored=True,
)
GROUP = Group(name="polymarket:1", slug="rain", title="Rain", kind="single", markets=(MARKET,))


def test_group_survives_a_json_round_trip() -> None:
    assert msgspec.json.decode(msgspec.json.encode(GROUP), type=Group) == GROUP
    assert 0 <= GROUP.shard < SHARDS


def test_tokens_have_numbers_of_their_own() -> None:
    assert MARKET.yes.instrument != MARKET.no.instrument
