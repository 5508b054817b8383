from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from api.feed.token_bucket import BURST_S, TokenBucket


@given(st.floats(0.1, 50), st.lists(st.floats(0, 10), max_size=100))
def test_no_more_is_taken_than_the_burst_and_the_rate_allow(per_s: float, pauses_s: list[float]) -> None:
    bucket = TokenBucket(per_s, now_s=0)
    taken_at = [at_s for at_s in accumulate(pauses_s) if bucket.take(at_s)]
    burst = max(1, per_s * BURST_S)
    for first, begin_s in enumerate(taken_at):
        for last, end_s in enumerate(taken_at[first:], first):
            assert last - first + 1 <= burst + (end_s - begin_s) * per_s + 1e-6


@given(st.floats(0.1, 50), st.integers(1, 50))
def test_a_sender_within_the_rate_is_never_refused(per_s: float, count: int) -> None:
    bucket = TokenBucket(per_s, now_s=0)
    assert all(bucket.take(number * 1.001 / per_s) for number in range(count))
