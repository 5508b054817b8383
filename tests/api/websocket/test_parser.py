import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.websocket.deflate import deflate
from api.websocket.frames import NO_CODE, Opcode
from api.websocket.parser import FRAMES_AT_ONCE, FrameError, Parser, Said
from tests.api.websocket.frames import client_frame

MOST = 70_000
masks = st.binary(min_size=4, max_size=4)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[Said], bytes]:
    """Messages, some in parts with control frames between these; and their bytes."""
    said: list[Said] = []
    sent = b""
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.PONG]))
        if kind >= Opcode.CLOSE:
            payload = draw(st.binary(max_size=125))
            said.append(Said(kind, payload))
            sent += client_frame(payload, kind, mask=draw(masks))
            continue
        payload = draw(st.text(max_size=40)).encode() if kind == Opcode.TEXT else draw(st.binary(max_size=40))
        payload *= draw(st.sampled_from([1, 4, 2000]))
        if len(payload) > MOST:
            continue
        cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=3)))
        parts = [payload[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(payload)], strict=True)]
        for place, part in enumerate(parts):
            opcode = kind if place == 0 else Opcode.CONTINUATION
            sent += client_frame(part, opcode, fin=place == len(parts) - 1, mask=draw(masks))
            if place < len(parts) - 1 and draw(st.booleans()):
                said.append(Said(Opcode.PING, b"between"))
                sent += client_frame(b"between", Opcode.PING, mask=draw(masks))
        said.append(Said(kind, payload))
    return said, sent


@given(conversations(), st.lists(st.integers(0, 300), max_size=30))
def test_whatever_the_parts_the_messages_are_those_that_were_sent(
    conversation: tuple[list[Said], bytes], cuts: list[int]
) -> None:
    said, sent = conversation
    parser, heard, at = Parser(MOST), [], 0
    for size in [*cuts, len(sent)]:
        heard += parser.feed(sent[at : at + size])
        at += size
    assert heard == said


@given(st.binary(max_size=300), st.booleans())
def test_noise_ends_with_a_code_or_waits_for_more(noise: bytes, deflated: bool) -> None:
    parser = Parser(1000, deflated=deflated)
    codes = []
    try:
        assert all(len(said.payload) <= 1000 for said in parser.feed(noise))
    except FrameError as problem:
        codes.append(problem.code)
    assert codes in ([], [1002], [1007], [1009])


BROKEN: list[tuple[bytes, int]] = [
    (client_frame(b"x", mask=None), 1002),
    (client_frame(b"x", bits=1), 1002),
    (client_frame(b"x", bits=4), 1002),
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
    (b"\x81\xfe\x00\x05aaaahello", 1002),  # a size in more bytes than it needs
    (b"\x81\xff\x80\x00\x00\x00\x00\x00\x00\x01", 1002),
]


@pytest.mark.parametrize(("sent", "code"), BROKEN)
def test_each_broken_rule_has_its_code(sent: bytes, code: int) -> None:
    with pytest.raises(FrameError) as caught:
        list(Parser(100).feed(sent))
    assert caught.value.code == code


def test_a_size_is_refused_before_anything_of_it_came() -> None:
    with pytest.raises(FrameError, match="more than 100 bytes"):
        list(Parser(100).feed(client_frame(b"", size=101)))


@pytest.mark.parametrize(("payload", "said"), [
    (b"", Said(Opcode.CLOSE, b"", NO_CODE)),
    (b"\x03\xe8", Said(Opcode.CLOSE, b"", 1000)),
    (b"\x0f\xa0bye", Said(Opcode.CLOSE, b"bye", 4000)),
])  # fmt: skip
def test_a_close_has_its_code_and_reason(payload: bytes, said: Said) -> None:
    assert list(Parser(100).feed(client_frame(payload, 8))) == [said]


@given(st.text(max_size=2000))
def test_compressed_text_is_read(text: str) -> None:
    payload = deflate(text.encode())
    parser = Parser(10_000, deflated=True)
    frames = client_frame(payload[:5], bits=4, fin=False) + client_frame(payload[5:], 0)
    assert list(parser.feed(frames)) == [Said(Opcode.TEXT, text.encode())]


def test_a_bomb_does_not_go_off() -> None:
    bomb = zlib.compress(bytes(10_000_000), wbits=-15)
    assert len(bomb) < 10_000
    with pytest.raises(FrameError) as caught:
        list(Parser(10_000, deflated=True).feed(client_frame(bomb, bits=4)))
    assert caught.value.code == 1009


def test_what_is_not_compressed_cannot_say_it_is() -> None:
    with pytest.raises(FrameError) as caught:
        list(Parser(1000, deflated=True).feed(client_frame(b"\xff" * 50, bits=4)))
    assert caught.value.code == 1002


@pytest.mark.parametrize("frame", [client_frame(b"", 10), client_frame(b"", 0, fin=False)])
def test_nobody_sends_so_many_frames_at_once_who_means_something(frame: bytes) -> None:
    parser = Parser(100)
    assert list(parser.feed(client_frame(b"", fin=False) + frame * (FRAMES_AT_ONCE - 1))) is not None
    with pytest.raises(FrameError) as caught:
        list(parser.feed(frame * (FRAMES_AT_ONCE + 1)))
    assert caught.value.code == 1008
