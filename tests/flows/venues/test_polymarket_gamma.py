"""Markets and events become groups; no property is assumed without proof."""

import json
from decimal import Decimal
from typing import Any

import pytest

from domain.markets import FeeSchedule, Group, Market, Token
from domain.pairs import fingerprint
from tests.flows.venues.decoded import decode_messages

ABOVE = "Will the price of Bitcoin be above ${} on March 11?"
RULE = "Yes if the price is higher than the one in the title."


def market(number: int, **other: Any) -> dict[str, Any]:
    return {
        "id": str(number), "conditionId": f"0x{number}", "question": f"Will {number} win?", "slug": f"win-{number}",
        "outcomes": '["Yes", "No"]', "clobTokenIds": f'["{number}1", "{number}2"]', "outcomePrices": '["0.4", "0.6"]',
        "active": True, "closed": False, "acceptingOrders": True, "enableOrderBook": True, "feesEnabled": False,
        "endDate": "2028-11-07T00:00:00Z", "orderPriceMinTickSize": 0.001, "orderMinSize": 5, "spread": 0.1, **other,
    }  # fmt: skip


def event(*markets: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {"id": "7", "slug": "win", "title": "Who wins?", "negRisk": True, "markets": list(markets), **other}


def only(message: dict[str, Any]) -> Group:
    found = decode_messages(message)
    assert found.rejects == []
    (group,) = found.groups
    return group


def test_a_market_alone_is_a_group_of_its_own() -> None:
    known = Market(
        name="polymarket:0x3",
        slug="win-3",
        question="Will 3 win?",
        group="polymarket:0x3",
        yes=Token(name="polymarket:31", outcome="Yes"),
        no=Token(name="polymarket:32", outcome="No"),
        fees=FeeSchedule(kind="none"),
        tick=Decimal("0.001"),
        minimum_size=Decimal(5),
        mirrored=True,
        closes_at_ns=1_857_168_000_000_000_000,
    )
    expected = Group(name="polymarket:0x3", slug="win-3", title="Will 3 win?", kind="single", markets=(known,))
    assert only(market(3)) == expected
    assert only(market(3, outcomes=["Yes", "No"], clobTokenIds=["31", "32"])) == expected


def test_an_event_of_negative_risk_binds_its_markets() -> None:
    group = only(event(market(1), market(2), market(3)))
    assert (group.name, group.kind, len(group.markets)) == ("polymarket:7", "event", 3)
    assert {each.group for each in group.markets} == {"polymarket:7"}
    assert (group.exclusive, group.exhaustive, group.convertible, group.augmented) == (True, True, True, False)


@pytest.mark.parametrize(
    "told",
    [
        event(market(1), market(2), negRiskAugmented=True),
        event(market(1), market(2, negRiskOther=True)),
        event(market(1), market(2), {"conditionId": "0x3"}),
    ],
)
def test_augmented_events_are_not_exhaustive(told: dict[str, Any]) -> None:
    group = decode_messages(told).groups[0]
    assert (group.exclusive, group.exhaustive) == (True, False)


def test_markets_of_other_events_are_single() -> None:
    found = decode_messages({"events": [event(market(1), market(2), negRisk=False)]})
    assert [(group.name, group.kind, group.exclusive) for group in found.groups] == [
        ("polymarket:0x1", "single", False),
        ("polymarket:0x2", "single", False),
    ]


def test_strikes_of_one_value_are_a_ladder() -> None:
    asked = [("72,500", 1), ("64,000", 2), ("100k", 3)]
    markets = [market(number, question=ABOVE.format(strike), description=RULE) for strike, number in asked]
    group = only(event(*markets, negRisk=False))
    assert (group.kind, group.exclusive, group.exhaustive) == ("ladder", False, False)
    assert [(each.name, each.strike, each.strict) for each in group.markets] == [
        ("polymarket:0x2", Decimal(64_000), True),
        ("polymarket:0x1", Decimal(72_500), True),
        ("polymarket:0x3", Decimal(100_000), True),
    ]
    or_more = [{**each, "description": "Yes if it is 5 or higher."} for each in markets]
    assert {each.strict for each in only(event(*or_more, negRisk=False)).markets} == {False}


@pytest.mark.parametrize(
    "odd",
    [
        {"question": "Will the price of Bitcoin be above $70,000 on March 12?"},
        {"question": "Will the price of Bitcoin be above $64,000 on March 11?"},
        {"question": "Will the price of Bitcoin be above $70,000 and above $60,000 on March 11?"},
        {"question": "Will the price of Bitcoin be between $70,000 and $72,000 on March 11?"},
        {"question": "Will the price of Bitcoin be above $70,000 on March 11?", "description": "Other rules."},
        {"question": "Will the price of Bitcoin be above $70,000 on March 11?", "endDate": "2028-11-08T00:00:00Z"},
    ],
)
def test_markets_that_differ_in_more_than_the_strike_are_no_ladder(odd: dict[str, Any]) -> None:
    first = market(1, question=ABOVE.format("64,000"), description=RULE)
    found = decode_messages(event(first, market(2, **{"description": RULE, **odd}), negRisk=False))
    assert [group.kind for group in found.groups] == ["single", "single"]


@pytest.mark.parametrize(
    ("told", "status", "winner"),
    [
        ({}, "open", ""),
        ({"acceptingOrders": False}, "paused", ""),
        ({"active": False}, "paused", ""),
        ({"enableOrderBook": None}, "paused", ""),
        ({"umaResolutionStatus": "proposed"}, "paused", ""),
        ({"umaResolutionStatus": "disputed"}, "disputed", ""),
        ({"closed": True}, "closed", ""),
        ({"closed": True, "outcomePrices": '["0", "0"]'}, "closed", ""),
        ({"closed": True, "outcomePrices": '["1", "0"]'}, "resolved", "polymarket:31"),
        (
            {"closed": True, "outcomePrices": '["0", "1"]', "umaResolutionStatus": "resolved"},
            "resolved",
            "polymarket:32",
        ),
        ({"closed": True, "outcomePrices": '["0.5", "0.5"]'}, "resolved", ""),
    ],
)
def test_whether_a_market_can_be_traded(told: dict[str, Any], status: str, winner: str) -> None:
    (known,) = only(market(3, **told)).markets
    assert (known.status, known.winner) == (status, winner)


@pytest.mark.parametrize(
    ("told", "fees"),
    [
        ({"feesEnabled": False}, FeeSchedule(kind="none")),
        ({"feesEnabled": True}, FeeSchedule(kind="polymarket", rate=Decimal("0.07"), assumed=True)),
        ({"feesEnabled": None}, FeeSchedule(kind="polymarket", rate=Decimal("0.07"), assumed=True)),
        (
            {"feesEnabled": True, "feeSchedule": {"rate": 0.04, "exponent": 1, "takerOnly": True, "rebateRate": 0.2}},
            FeeSchedule(kind="polymarket", rate=Decimal("0.04")),
        ),
    ],
)
def test_missing_fees_are_assumed_highest(told: dict[str, Any], fees: FeeSchedule) -> None:
    assert only(market(3, **told)).markets[0].fees == fees


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"outcomes": '["A", "B", "C"]'}, "market: it has not two outcomes with a token each"),
        ({"clobTokenIds": '["1", ""]'}, "market: it has not two outcomes with a token each"),
        ({"clobTokenIds": '["1", "2 3"]'}, "market: token is missing or malformed"),
        ({"outcomes": "Yes, No"}, "market: JSON is malformed: invalid character (byte 0)"),
        ({"orderMinSize": None}, "market: it has no price grid or no least order, so no order book"),
        ({"orderPriceMinTickSize": "NaN"}, "market: price grid is not between 0.000001 and 0.1"),
        ({"feesEnabled": True, "feeSchedule": {"rate": 7}}, "market: fee rate is not between 0 and 1"),
        ({"slug": 7}, "market: Expected `str`, got `int` - at `$.slug`"),
    ],
)
def test_invalid_markets_are_rejected_with_a_reason(told: dict[str, Any], reason: str) -> None:
    alone, among = (
        decode_messages(market(3, **told)),
        decode_messages(event(market(1), market(3, **told), negRisk=False)),
    )
    assert (alone.groups, alone.rejects) == ([], [reason])
    assert ([group.name for group in among.groups], among.rejects) == (["polymarket:0x1"], [reason])


def test_json_in_json_may_be_broken() -> None:
    assert decode_messages(market(3, outcomePrices=json.dumps(["x", "y"]), closed=True)).rejects == [
        "market: could not convert string to float: 'x'"
    ]


def test_resolution_rules_have_a_fingerprint() -> None:
    (told,) = only(market(3, description=RULE)).markets
    assert told.rules == fingerprint(RULE)
