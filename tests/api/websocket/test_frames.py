import zlib

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Close, Frame
from websockets.frames import Opcode as TheirOpcode

from api.websocket.deflate import agree, deflate, inflate
from api.websocket.frames import NO_CODE, Opcode, close_frame, frame

sizes = st.sampled_from([0, 1, 125, 126, 127, 65535, 65536, 70_000])


@given(sizes, st.sampled_from([Opcode.TEXT, Opcode.BINARY]))
def test_frames_are_what_another_library_makes_of_them(size: int, opcode: Opcode) -> None:
    payload = b"x" * size
    assert frame(payload, opcode) == Frame(TheirOpcode(opcode), payload).serialize(mask=False)


@given(st.sampled_from([1000, 1012, 4408]), st.text(max_size=200))
def test_a_reason_is_cut_to_what_fits_at_a_character(code: int, reason: str) -> None:
    payload = close_frame(code, reason)[2:]
    assert len(payload) <= 125
    said = Close.parse(payload)
    assert said.code == code
    assert reason.startswith(said.reason)
    assert len(payload) > 121 or said.reason == reason


def test_no_code_is_an_empty_close() -> None:
    assert close_frame(NO_CODE) == Frame(TheirOpcode.CLOSE, b"").serialize(mask=False)


@given(st.binary(max_size=5000))
def test_what_is_deflated_is_there_again_in_a_small_window(payload: bytes) -> None:
    assert inflate(deflate(payload), 5000) == payload
    small = zlib.decompressobj(-12)
    assert small.decompress(deflate(payload) + b"\x00\x00\xff\xff") == payload


ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12"


def test_what_is_agreed_on() -> None:
    for offer in (
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=15; client_no_context_takeover",
        'permessage-deflate; server_max_window_bits="12"',
        "x-other; a=1, permessage-deflate; server_no_context_takeover",
        "permessage-deflate; server_max_window_bits=9, permessage-deflate",
    ):
        assert agree(offer) == ANSWER, offer
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
        assert agree(offer) is None, offer
