from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given

from api.feed.channel_messages import MESSAGE_TYPES, SignalMessage
from api.feed.push import message_of
from domain.signals import Signal
from store.feed import CHANNELS
from store.signals import payload
from tests.api.builders import emitted
from tests.store.records import signals

AT = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


@given(signals())
def test_a_signal_is_sent_unchanged_with_its_score(signal: Signal) -> None:
    message = message_of("signals", 7, payload(signal), AT)
    pushed = msgspec.json.decode(message.body, type=SignalMessage)
    assert (pushed.channel, pushed.seq, pushed.ts) == ("signals", 7, AT)
    values = msgspec.structs.asdict(pushed.data)
    assert values.pop("score") == (signal.raw_confidence if signal.final_score is None else signal.final_score)
    assert Signal(**values) == msgspec.json.decode(payload(signal), type=Signal)


def test_attributes_are_those_of_the_signal() -> None:
    signal = emitted(3, final_score=0.9)
    attributes = message_of("signals", 1, payload(signal), AT).attributes
    assert attributes is not None
    values = {name: getattr(attributes, name) for name in attributes.__struct_fields__}
    assert values == {name: getattr(signal, name, None) for name in attributes.__struct_fields__}
    assert attributes.key == (signal.symbol, signal.timeframe)


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"{}", b"null", b"\xff", b'{"symbol":"A"}', payload(emitted(1))[:-1], payload(emitted(1)) + b"{"],
)
def test_invalid_signals_are_rejected(payload: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        message_of("signals", 1, payload, AT)


def test_every_channel_has_a_message_type() -> None:
    assert tuple(MESSAGE_TYPES) == CHANNELS
