from random import Random

from hypothesis import given
from hypothesis import strategies as st

from flows.alerts.breaker import FAILURES, PAUSE_S_LONGEST, WAIT_S_LONGEST, Breaker, wait_s


@given(st.integers(1, 10_000), st.integers())
def test_waits_double_up_to_a_limit_and_are_spread(attempt: int, seed: int) -> None:
    most = min(WAIT_S_LONGEST, 2.0 ** min(attempt - 1, 30))
    assert most / 2 <= wait_s(attempt, Random(seed)) <= most


@given(st.integers(FAILURES, 60))
def test_pauses_grow_to_a_limit_and_one_success_ends_them(failures: int) -> None:
    breaker = Breaker()
    for _ in range(failures):
        breaker.failed(0.0)
    assert breaker.is_open
    assert not breaker.lets_through(29.0)
    assert breaker.lets_through(PAUSE_S_LONGEST)
    breaker.succeeded()
    assert breaker.lets_through(PAUSE_S_LONGEST)
    breaker.failed(PAUSE_S_LONGEST)
    assert breaker.lets_through(PAUSE_S_LONGEST), "it begins to count anew"


@given(st.lists(st.floats(0, 1e6)))
def test_held_is_until_the_latest_that_was_asked_for(until_s: list[float]) -> None:
    breaker = Breaker()
    for each in until_s:
        breaker.hold(each)
    latest = max(until_s, default=0.0)
    assert breaker.lets_through(latest)
    assert not breaker.lets_through(latest - 1e-3)
    assert not breaker.is_open
