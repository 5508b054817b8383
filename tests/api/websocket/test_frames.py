import zlib

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Close, Frame
from websockets.frames import Opcode as PeerOpcode

from api.websocket.deflate import deflate, inflate, negotiate
from api.websocket.frames import NO_STATUS_RECEIVED, Opcode, close_frame, frame

sizes = st.sampled_from([0, 1, 125, 126, 127, 65535, 65536, 70_000])


@given(sizes, st.sampled_from([Opcode.TEXT, Opcode.BINARY]))
def test_frames_equal_those_of_another_library(size: int, opcode: Opcode) -> None:
    payload = b"x" * size
    assert frame(payload, opcode) == Frame(PeerOpcode(opcode), payload).serialize(mask=False)


@given(st.sampled_from([1000, 1012, 4408]), st.text(max_size=200))
def test_a_long_reason_is_truncated_at_a_character(code: int, reason: str) -> None:
    payload = close_frame(code, reason)[2:]
    assert len(payload) <= 125
    close = Close.parse(payload)
    assert close.code == code
    assert reason.startswith(close.reason)
    assert len(payload) > 121 or close.reason == reason


def test_a_close_without_a_code_is_empty() -> None:
    assert close_frame(NO_STATUS_RECEIVED) == Frame(PeerOpcode.CLOSE, b"").serialize(mask=False)


@given(st.binary(max_size=5000))
def test_deflated_data_can_be_inflated_with_a_small_window(payload: bytes) -> None:
    assert inflate(deflate(payload), 5000) == payload
    small_window = zlib.decompressobj(-12)
    assert small_window.decompress(deflate(payload) + b"\x00\x00\xff\xff") == payload


RESPONSE = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12"


def test_which_extension_offers_are_accepted() -> None:
    for offer in (
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=15; client_no_context_takeover",
        'permessage-deflate; server_max_window_bits="12"',
        "x-other; a=1, permessage-deflate; server_no_context_takeover",
        "permessage-deflate; server_max_window_bits=9, permessage-deflate",
    ):
        assert negotiate(offer) == RESPONSE, offer
    for offer in (
        "",
        "x-other",
        "permessage-deflate; server_max_window_bits=9",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=99",
        "permessage-deflate; nonsense",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; =;",
    ):
        assert negotiate(offer) is None, offer
