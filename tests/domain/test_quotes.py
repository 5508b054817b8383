"""Exact conversion of prices and sizes to integers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.quotes import PRICE_UNITS, QUOTE, SIZE_UNITS, to_price, to_size


@given(st.decimals(0, 1, places=9), st.decimals(0, 10**12, places=6))
def test_venue_numbers_are_represented_exactly(price: Decimal, size: Decimal) -> None:
    assert Decimal(to_price(str(price))) / PRICE_UNITS == price
    assert Decimal(to_size(str(size))) / SIZE_UNITS == size


@pytest.mark.parametrize(
    "text", ["", "NaN", "inf", "-Infinity", "a", "0.0000000001", "1e30", "1e999999", "0." + 29 * "9"]
)
def test_numbers_that_do_not_fit_are_named(text: str) -> None:
    with pytest.raises(ValueError, match=text or "''"):
        to_price(text)


def test_rows_stay_on_eight_byte_boundaries() -> None:
    assert QUOTE.itemsize % 8 == 0
