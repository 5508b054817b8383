import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.feed.filters import Filter
from api.feed.messages import Command, Connected, Gap, Greeting, Keepalive, Status, StatusData, encode
from api.feed.ring import Attributes

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
few_symbols = st.sampled_from(["A", "B"])
directions = st.sampled_from(["long", "short"])
frames = st.sampled_from(["5m", "1h"])
attributes = st.builds(
    Attributes,
    symbol=st.none() | few_symbols,
    direction=st.none() | directions,
    timeframe=st.none() | frames,
    raw_confidence=st.none() | st.sampled_from([0.0, 0.5, 1.0]),
    mtf_aligned=st.none() | st.booleans(),
)
filters = st.builds(
    Filter,
    symbols=st.none() | st.frozensets(few_symbols),
    direction=st.none() | st.frozensets(directions),
    timeframes=st.none() | st.frozensets(frames),
    min_confidence=st.none() | st.sampled_from([0.0, 0.5, 1.0]),
    mtf_aligned=st.none() | st.booleans(),
)


@given(filters, attributes)
def test_a_filter_accepts_what_meets_all_conditions(filter_: Filter, attributes: Attributes) -> None:
    conditions = []
    for values, value in (
        (filter_.symbols, attributes.symbol),
        (filter_.direction, attributes.direction),
        (filter_.timeframes, attributes.timeframe),
    ):
        if values is not None:
            conditions.append(value is not None and value in values)
    if filter_.min_confidence is not None:
        conditions.append(attributes.raw_confidence is not None and attributes.raw_confidence >= filter_.min_confidence)
    if filter_.mtf_aligned is not None:
        conditions.append(attributes.mtf_aligned is not None and attributes.mtf_aligned == filter_.mtf_aligned)
    assert filter_.accepts(attributes) == all(conditions)


@given(filters)
def test_messages_without_attributes_pass_every_filter(filter_: Filter) -> None:
    assert filter_.accepts(None)


def test_timeframes_of_a_filter_are_canonical() -> None:
    filter_ = msgspec.json.decode('{"timeframes":["60m","1h","5m"]}', type=Filter)
    assert filter_.timeframes == frozenset({"1h", "5m"})


@pytest.mark.parametrize(
    "command",
    [
        '{"op":"subscribe"}',
        '{"op":"subscribe","channel":"prices"}',
        '{"op":"subscribe","channel":"signals","filter":{"symbol":"A"}}',
        '{"op":"subscribe","channel":"signals","filter":{"direction":"long"}}',
        '{"op":"subscribe","channel":"signals","filter":{"direction":["up"]}}',
        '{"op":"subscribe","channel":"signals","filter":{"min_confidence":1.5}}',
        '{"op":"subscribe","channel":"signals","since":{"seq":1}}',
        '{"op":"subscribe","channel":"signals","since":{"epoch":"e","seq":-1}}',
        '{"op":"subscribe","channel":"signals","since":{"epoch":"e","seq":1e3}}',
        '{"op":"subscribe","channel":"signals","mode":"newest"}',
        '{"op":"unsubscribe","channel":"signals","filter":{}}',
        '{"op":"ping"}',
        "{}",
        "[]",
        "",
    ],
)
def test_invalid_commands_are_rejected(command: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(command, type=Command)


def test_control_messages_have_their_documented_json() -> None:
    greeting = Greeting(message="m", version="v", epoch="e", heads={"signals": 3})
    assert json.loads(encode(Connected(greeting))) == {
        "type": "connected",
        "data": {"message": "m", "version": "v", "epoch": "e", "heads": {"signals": 3}},
    }
    assert json.loads(encode(Status(AT, StatusData(metrics={"uptime_seconds": 1.0}, connected_clients=2)))) == {
        "type": "status",
        "ts": "2026-11-20T12:00:00Z",
        "data": {"metrics": {"uptime_seconds": 1.0}, "connected_clients": 2},
    }
    assert json.loads(encode(Keepalive(AT, "e", {}))) == {
        "type": "keepalive",
        "ts": "2026-11-20T12:00:00Z",
        "epoch": "e",
        "heads": {},
    }
    gap = Gap(channel="signals", epoch="e", first=2, last=4, reason="expired", backfill="/x")
    assert json.loads(encode(gap)) == {
        "type": "gap",
        "channel": "signals",
        "epoch": "e",
        "from": 2,
        "to": 4,
        "reason": "expired",
        "backfill": "/x",
    }
