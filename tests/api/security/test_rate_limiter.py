from hypothesis import given
from hypothesis import strategies as st

from api.security.rate_limiter import RateLimitDecision, RateLimiter


def test_each_client_has_its_own_bucket() -> None:
    limiter = RateLimiter(per_s=10, burst_s=2)
    assert sum(limiter.acquire("ada", 0).allowed for _ in range(50)) == 20
    assert limiter.acquire("bob", 0) == RateLimitDecision(allowed=True, remaining=19, retry_after_s=0)
    assert limiter.acquire("ada", 0) == RateLimitDecision(allowed=False, remaining=0, retry_after_s=1)
    assert limiter.policy == '"default";q=20;w=2'


@given(st.floats(0.01, 100), st.lists(st.floats(0, 10), max_size=50))
def test_request_after_the_announced_wait_is_allowed(per_s: float, pauses: list[float]) -> None:
    limiter, now_s = RateLimiter(per_s), 0.0
    for pause in pauses:
        decision = limiter.acquire("ada", now_s)
        if not decision.allowed:
            assert limiter.acquire("ada", now_s + decision.retry_after_s).allowed
            now_s += decision.retry_after_s
        now_s += pause


def test_memory_is_bounded_and_the_least_recently_seen_client_is_evicted() -> None:
    limiter = RateLimiter(per_s=1, burst_s=1, clients_max=2)
    for client in ("ada", "bob", "ada", "eve"):
        limiter.acquire(client, 0)
    assert not limiter.acquire("ada", 0).allowed
    assert limiter.acquire("bob", 0).allowed
