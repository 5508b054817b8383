from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.api_keys import ID_BYTES, SECRET_BYTES, format_key, has_key_prefix, parse


@given(st.binary(min_size=ID_BYTES, max_size=ID_BYTES), st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES))
def test_key_parses_to_its_id_and_digest(key_id: bytes, secret: bytes) -> None:
    text = format_key(key_id, secret)
    parts = parse(text)
    assert parts == (key_id.hex(), sha256(secret.hex().encode()).digest())
    assert has_key_prefix(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "se_",
        "se_000000000000",
        f"se_000000000000_{'0' * 63}",
        f"se_000000000000_{'0' * 65}",
        f"se_00000000000A_{'0' * 64}",
        f"se_000000000000_{'0' * 64}\n",
        f" se_000000000000_{'0' * 64}",
        f"xx_000000000000_{'0' * 64}",
        f"se_000000000000_{'٠' * 64}",
    ],
)
def test_anything_else_is_not_a_key(text: str) -> None:
    assert parse(text) is None
