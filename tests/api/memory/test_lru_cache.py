from hypothesis import given
from hypothesis import strategies as st

from api.memory.lru_cache import BYTES_MAX, ENTRIES_MAX, LruCache

QUARTER = BYTES_MAX // 4


def test_the_least_recently_used_is_evicted_first() -> None:
    cache: LruCache[int] = LruCache()
    for number in range(ENTRIES_MAX):
        cache.put(number, number, 1)
    assert cache.get(0) == 0
    cache.put("new", -1, 1)
    assert len(cache) == ENTRIES_MAX
    assert (cache.get(1), cache.get(0), cache.get("new")) == (None, 0, -1)


def test_a_value_too_large_is_not_stored_and_the_previous_one_is_removed() -> None:
    cache: LruCache[str] = LruCache()
    cache.put("a", "small", 1)
    cache.put("a", "huge", QUARTER + 1)
    assert (cache.get("a"), len(cache)) == (None, 0)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, QUARTER))))
def test_bytes_are_bounded(entries: list[tuple[int, int]]) -> None:
    cache: LruCache[int] = LruCache()
    expected: dict[int, int] = {}
    for key, size in entries:
        cache.put(key, size, size)
        expected.pop(key, None)
        expected[key] = size
        while sum(expected.values()) > BYTES_MAX:
            del expected[next(iter(expected))]
    assert len(cache) == len(expected)
    assert {key: cache.get(key) for key in expected} == expected
