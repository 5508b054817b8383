from random import Random

from hypothesis import given
from hypothesis import strategies as st

from flows.alerts.circuit_breaker import BACKOFF_S_MAX, FAILURE_THRESHOLD, PAUSE_S_MAX, CircuitBreaker, backoff_s


@given(st.integers(1, 10_000), st.integers())
def test_backoff_doubles_up_to_a_limit_with_jitter(attempt: int, seed: int) -> None:
    delay_s = min(BACKOFF_S_MAX, 2.0 ** min(attempt - 1, 30))
    assert delay_s / 2 <= backoff_s(attempt, Random(seed)) <= delay_s


@given(st.integers(FAILURE_THRESHOLD, 60))
def test_pause_grows_to_a_limit_and_a_success_closes_the_circuit(failures: int) -> None:
    breaker = CircuitBreaker()
    for _ in range(failures):
        breaker.record_failure(0.0)
    assert breaker.is_open
    assert not breaker.allows(29.0)
    assert breaker.allows(PAUSE_S_MAX)
    breaker.record_success()
    assert breaker.allows(PAUSE_S_MAX)
    breaker.record_failure(PAUSE_S_MAX)
    assert breaker.allows(PAUSE_S_MAX), "failures are counted from zero again"


@given(st.lists(st.floats(0, 1e6)))
def test_longest_pause_wins(until_s: list[float]) -> None:
    breaker = CircuitBreaker()
    for each in until_s:
        breaker.pause_until(each)
    latest = max(until_s, default=0.0)
    assert breaker.allows(latest)
    assert not breaker.allows(latest - 1e-3)
    assert not breaker.is_open
