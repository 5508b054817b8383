"""Kalshi's REST responses: books, and events as groups of markets."""

import json
from decimal import Decimal
from typing import Any

import pytest

from domain.markets import FeeSchedule
from domain.pairs import fingerprint
from flows.venues import kalshi_rest
from flows.venues.kalshi_rest import Series
from flows.venues.row_buffer import RowBuffer
from tests.flows.venues.decoded import RECEIVED, as_values, decode_messages

SERIES = {"FED": Series("FED", "quadratic", Decimal("0.5"))}
ASSUMED = FeeSchedule(kind="kalshi", rate=Decimal("0.07"), assumed=True)


def market(name: str, **other: Any) -> dict[str, Any]:
    return {
        "ticker": name, "event_ticker": "FED-26DEC", "title": "Rates?", "yes_sub_title": "Above", "status": "active",
        "result": "", "close_time": "2026-12-09T19:00:00Z", "price_ranges": [{"start": "0", "step": "0.01"}],
        "notional_value_dollars": "1.0000", **other,
    }  # fmt: skip


def event(*markets: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {"event_ticker": "FED-26DEC", "series_ticker": "FED", "title": "Rates", "markets": list(markets), **other}


def book(payload: dict[str, Any]) -> tuple[list[tuple[Any, ...]], list[str]]:
    buffer = RowBuffer("x")
    raw = json.dumps(payload).encode()
    buffer.begin(1, RECEIVED, raw)
    kalshi_rest.decode_orderbook(raw, "RAIN", buffer)
    found = as_values(buffer, buffer.drain())
    return found.quotes, found.rejects


def test_a_response_is_a_full_book() -> None:
    rows, rejects = book(
        {"orderbook_fp": {"yes_dollars": [["0.01", "5"]], "no_dollars": [["0.95", "2"], ["0.96", "3"]]}}
    )
    assert rejects == []
    assert [row[1:] for row in rows if row[2] == "LEVEL"] == [
        ("kalshi:RAIN:yes", "LEVEL", 1, 0.01, 5.0),
        ("kalshi:RAIN:no", "LEVEL", -1, 0.99, 5.0),
        ("kalshi:RAIN:no", "LEVEL", 1, 0.95, 2.0),
        ("kalshi:RAIN:yes", "LEVEL", -1, 0.05, 2.0),
        ("kalshi:RAIN:no", "LEVEL", 1, 0.96, 3.0),
        ("kalshi:RAIN:yes", "LEVEL", -1, 0.04, 3.0),
    ]
    assert book({"orderbook": {"yes": [[1, 2]]}}) == (
        [],
        ["orderbook: Object missing required field `orderbook_fp`"],
    )


def test_at_most_one_is_exclusive_and_never_exhaustive() -> None:
    (group,) = decode_messages(
        {"events": [event(market("FED-26DEC-A"), market("FED-26DEC-B"), mutually_exclusive=True)]}
    ).groups
    assert (group.name, group.kind) == ("kalshi:FED-26DEC", "event")
    assert (group.exclusive, group.exhaustive, group.convertible) == (True, False, False)
    assert [(each.yes.name, each.no.name) for each in group.markets] == [
        ("kalshi:FED-26DEC-A:yes", "kalshi:FED-26DEC-A:no"),
        ("kalshi:FED-26DEC-B:yes", "kalshi:FED-26DEC-B:no"),
    ]


@pytest.mark.parametrize(("kind", "strict"), [("greater", True), ("greater_or_equal", False)])
def test_strikes_are_a_ladder(kind: str, strict: bool) -> None:
    high, low = (market(f"FED-T{at}", strike_type=kind, floor_strike=at) for at in (4.25, 3))
    (group,) = decode_messages(event(high, low)).groups
    assert group.kind == "ladder"
    assert [(each.strike, each.strict) for each in group.markets] == [(3, strict), (Decimal("4.25"), strict)]
    between = market("FED-B", strike_type="between", floor_strike=3.5, cap_strike=4)
    assert [group.kind for group in decode_messages(event(high, low, between)).groups] == ["single"] * 3


@pytest.mark.parametrize(
    ("told", "fees"),
    [
        ({}, FeeSchedule(kind="kalshi", rate=Decimal("0.07"), multiplier=Decimal("0.5"))),
        ({"series_ticker": "NEW"}, ASSUMED),
        ({"fee_type_override": "flat"}, ASSUMED),
        ({"fee_multiplier_override": 0}, FeeSchedule(kind="kalshi", rate=Decimal("0.07"), multiplier=Decimal(0))),
    ],
)
def test_missing_fees_are_assumed_highest(told: dict[str, Any], fees: FeeSchedule) -> None:
    buffer = RowBuffer("x")
    (group,) = kalshi_rest.event_groups(json.dumps(event(market("A"), **told)).encode(), SERIES, buffer)
    assert (group.markets[0].fees, buffer.rejects) == (fees, [])


@pytest.mark.parametrize(
    ("told", "status", "winner"),
    [
        ({}, "open", ""),
        ({"status": "closed"}, "closed", ""),
        ({"status": "determined", "result": "yes"}, "closed", ""),
        ({"status": "finalized", "result": "yes"}, "resolved", "kalshi:A:yes"),
        ({"status": "settled", "result": "no"}, "resolved", "kalshi:A:no"),
    ],
)
def test_whether_a_market_can_be_traded(told: dict[str, Any], status: str, winner: str) -> None:
    (group,) = decode_messages(event(market("A", **told))).groups
    assert (group.markets[0].status, group.markets[0].winner) == (status, winner)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"notional_value_dollars": "100"}, "market: its contracts do not pay 1 dollar"),
        ({"status": "new"}, "market: status 'new' is unknown"),
        ({"ticker": "A B"}, "market: token is missing or malformed"),
        ({"strike_type": "greater", "floor_strike": "sNaN"}, "market: strike is not between -1e18 and 1e18"),
        ({"price_ranges": [{"step": "2"}]}, "market: price grid is not between 0.000001 and 0.1"),
    ],
)
def test_invalid_markets_are_rejected_with_a_reason(told: dict[str, Any], reason: str) -> None:
    found = decode_messages(event(market("A"), market("B", **told)))
    assert ([group.name for group in found.groups], found.rejects) == (["kalshi:A"], [reason])


def test_resolution_rules_have_a_fingerprint() -> None:
    (group,) = decode_messages(
        event(market("A", rules_primary="If above, Yes.", rules_secondary="As published."))
    ).groups
    assert group.markets[0].rules == fingerprint("If above, Yes. As published.")
