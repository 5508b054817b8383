import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.websocket.deflate import deflate
from api.websocket.frames import NO_STATUS_RECEIVED, Opcode
from api.websocket.parser import FRAMES_PER_READ_MAX, FrameError, ParsedMessage, Parser
from tests.api.websocket.frames import client_frame

BYTES_MAX = 70_000
masks = st.binary(min_size=4, max_size=4)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[ParsedMessage], bytes]:
    """Messages, some fragmented with control frames between the fragments, and their encoding."""
    messages: list[ParsedMessage] = []
    encoded = b""
    for _ in range(draw(st.integers(0, 6))):
        opcode = draw(st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.PONG]))
        if opcode >= Opcode.CLOSE:
            payload = draw(st.binary(max_size=125))
            messages.append(ParsedMessage(opcode, payload))
            encoded += client_frame(payload, opcode, mask=draw(masks))
            continue
        payload = draw(st.text(max_size=40)).encode() if opcode == Opcode.TEXT else draw(st.binary(max_size=40))
        payload *= draw(st.sampled_from([1, 4, 2000]))
        if len(payload) > BYTES_MAX:
            continue
        cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=3)))
        fragments = [payload[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(payload)], strict=True)]
        for index, fragment in enumerate(fragments):
            frame_opcode = opcode if index == 0 else Opcode.CONTINUATION
            encoded += client_frame(fragment, frame_opcode, fin=index == len(fragments) - 1, mask=draw(masks))
            if index < len(fragments) - 1 and draw(st.booleans()):
                messages.append(ParsedMessage(Opcode.PING, b"between"))
                encoded += client_frame(b"between", Opcode.PING, mask=draw(masks))
        messages.append(ParsedMessage(opcode, payload))
    return messages, encoded


@given(conversations(), st.lists(st.integers(0, 300), max_size=30))
def test_messages_are_parsed_whatever_the_chunks(
    conversation: tuple[list[ParsedMessage], bytes], cuts: list[int]
) -> None:
    messages, encoded = conversation
    parser, parsed, offset = Parser(BYTES_MAX), [], 0
    for size in [*cuts, len(encoded)]:
        parsed += parser.feed(encoded[offset : offset + size])
        offset += size
    assert parsed == messages


@given(st.binary(max_size=300), st.booleans())
def test_random_bytes_fail_with_a_code_or_are_incomplete(noise: bytes, deflated: bool) -> None:
    parser = Parser(1000, deflated=deflated)
    codes = []
    try:
        assert all(len(message.payload) <= 1000 for message in parser.feed(noise))
    except FrameError as problem:
        codes.append(problem.code)
    assert codes in ([], [1002], [1007], [1009])


INVALID: list[tuple[bytes, int]] = [
    (client_frame(b"x", mask=None), 1002),
    (client_frame(b"x", reserved=1), 1002),
    (client_frame(b"x", reserved=4), 1002),
    (client_frame(b"x", 3), 1002),
    (client_frame(b"x", 11), 1002),
    (client_frame(b"x", 9, fin=False), 1002),
    (client_frame(b"x" * 126, 9), 1002),
    (client_frame(b"x", 0), 1002),
    (client_frame(b"x", fin=False) + client_frame(b"y"), 1002),
    (client_frame(b"\x03", 8), 1002),
    *((client_frame(code.to_bytes(2, "big"), 8), 1002) for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000)),
    (client_frame(b"\x03\xe8\xff", 8), 1007),
    (client_frame(b"\xff"), 1007),
    (client_frame(b"\xed\xa0\x80"), 1007),
    (client_frame(b"\xc3", fin=False) + client_frame(b"x", 0), 1007),
    (client_frame(b"x" * 101), 1009),
    (client_frame(b"", size=2**40), 1009),
    (client_frame(b"x" * 60, fin=False) + client_frame(b"x" * 60, 0), 1009),
    (b"\x81\xfe\x00\x05aaaahello", 1002),  # a length in more bytes than it needs
    (b"\x81\xff\x80\x00\x00\x00\x00\x00\x00\x01", 1002),
]


@pytest.mark.parametrize(("sent", "code"), INVALID)
def test_each_violation_has_its_code(sent: bytes, code: int) -> None:
    with pytest.raises(FrameError) as caught:
        list(Parser(100).feed(sent))
    assert caught.value.code == code


def test_a_declared_length_is_refused_before_the_payload_arrives() -> None:
    with pytest.raises(FrameError, match="more than 100 bytes"):
        list(Parser(100).feed(client_frame(b"", size=101)))


@pytest.mark.parametrize(("payload", "parsed"), [
    (b"", ParsedMessage(Opcode.CLOSE, b"", NO_STATUS_RECEIVED)),
    (b"\x03\xe8", ParsedMessage(Opcode.CLOSE, b"", 1000)),
    (b"\x0f\xa0bye", ParsedMessage(Opcode.CLOSE, b"bye", 4000)),
])  # fmt: skip
def test_a_close_frame_has_its_code_and_reason(payload: bytes, parsed: ParsedMessage) -> None:
    assert list(Parser(100).feed(client_frame(payload, 8))) == [parsed]


@given(st.text(max_size=2000))
def test_compressed_text_is_decompressed(text: str) -> None:
    payload = deflate(text.encode())
    parser = Parser(10_000, deflated=True)
    frames = client_frame(payload[:5], reserved=4, fin=False) + client_frame(payload[5:], 0)
    assert list(parser.feed(frames)) == [ParsedMessage(Opcode.TEXT, text.encode())]


def test_a_decompression_bomb_is_refused() -> None:
    bomb = zlib.compress(bytes(10_000_000), wbits=-15)
    assert len(bomb) < 10_000
    with pytest.raises(FrameError) as caught:
        list(Parser(10_000, deflated=True).feed(client_frame(bomb, reserved=4)))
    assert caught.value.code == 1009


def test_invalid_compressed_data_are_a_protocol_error() -> None:
    with pytest.raises(FrameError) as caught:
        list(Parser(1000, deflated=True).feed(client_frame(b"\xff" * 50, reserved=4)))
    assert caught.value.code == 1002


@pytest.mark.parametrize("frame", [client_frame(b"", 10), client_frame(b"", 0, fin=False)])
def test_too_many_frames_at_once_are_a_policy_violation(frame: bytes) -> None:
    parser = Parser(100)
    assert list(parser.feed(client_frame(b"", fin=False) + frame * (FRAMES_PER_READ_MAX - 1))) is not None
    with pytest.raises(FrameError) as caught:
        list(parser.feed(frame * (FRAMES_PER_READ_MAX + 1)))
    assert caught.value.code == 1008
