"""Passwords are masked in every form of address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.services.masking import masked

SECRET = "correct-horse"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"postgresql://ada:{SECRET}@db.example/ledger", "postgresql://ada:***@db.example/ledger"),
        (f"redis://:{SECRET}@cache.example:6379/0", "redis://:***@cache.example:6379/0"),
        (
            f"postgresql://db.example/ledger?user=ada&password={SECRET}&x=1",
            "postgresql://db.example/ledger?user=ada&password=***&x=1",
        ),
        (f"host=db.example password='{SECRET} staple' user=ada", "host=db.example password=*** user=ada"),
        (
            "postgresql://signalengine@/signalengine?host=%2Ftmp%2Fse",
            "postgresql://signalengine@/signalengine?host=%2Ftmp%2Fse",
        ),
        ("unix:///tmp/se/valkey.sock", "unix:///tmp/se/valkey.sock"),
    ],
)
def test_password_is_replaced_by_asterisks(url: str, shown: str) -> None:
    assert masked(url) == shown


@given(st.text(st.characters(codec="ascii", exclude_characters="/?#@", categories=["L", "N", "P"]), min_size=4))
def test_no_password_survives(password: str) -> None:
    assert masked(f"redis://ada:{password}@cache.example/0") == "redis://ada:***@cache.example/0"
