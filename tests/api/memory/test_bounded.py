from hypothesis import given
from hypothesis import strategies as st

from api.memory.bounded import BYTES_MAX, NUMBER_MAX, Bounded

QUARTER = BYTES_MAX // 4


def test_what_was_not_asked_for_longest_goes_first() -> None:
    kept: Bounded[int] = Bounded()
    for number in range(NUMBER_MAX):
        kept.keep(number, number, 1)
    assert kept.get(0) == 0
    kept.keep("new", -1, 1)
    assert len(kept) == NUMBER_MAX
    assert (kept.get(1), kept.get(0), kept.get("new")) == (None, 0, -1)


def test_what_is_too_large_is_not_kept_and_what_it_replaces_goes() -> None:
    kept: Bounded[str] = Bounded()
    kept.keep("a", "small", 1)
    kept.keep("a", "huge", QUARTER + 1)
    assert (kept.get("a"), len(kept)) == (None, 0)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, QUARTER))))
def test_bytes_are_bounded(things: list[tuple[int, int]]) -> None:
    kept: Bounded[int] = Bounded()
    expected: dict[int, int] = {}
    for key, size in things:
        kept.keep(key, size, size)
        expected.pop(key, None)
        expected[key] = size
        while sum(expected.values()) > BYTES_MAX:
            del expected[next(iter(expected))]
    assert len(kept) == len(expected)
    assert {key: kept.get(key) for key in expected} == expected
