from hypothesis import given
from hypothesis import strategies as st

from flows.venues.duplicates import DuplicateFilter


@given(st.lists(st.integers(0, 20)), st.integers(1, 8))
def test_the_last_ones_are_remembered_and_not_many_more(numbers: list[int], at_least: int) -> None:
    duplicates = DuplicateFilter(at_least)
    told: list[int] = []
    for number in numbers:
        new = duplicates.is_new(number)
        assert not (new and number in told[-at_least:])
        assert new or number in told[-2 * at_least :]
        told += [number] if new else []
