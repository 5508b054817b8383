import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.security.limits import Limits, Verdict, address_of


def test_one_caller_does_not_use_up_what_others_have() -> None:
    limits = Limits(per_s=10, burst_s=2)
    assert sum(limits.take("ada", 0).allowed for _ in range(50)) == 20
    assert limits.take("bob", 0) == Verdict(allowed=True, left=19, wait_s=0)
    assert limits.take("ada", 0) == Verdict(allowed=False, left=0, wait_s=1)
    assert limits.policy == '"default";q=20;w=2'


@given(st.floats(0.01, 100), st.lists(st.floats(0, 10), max_size=50))
def test_who_waits_as_told_is_let_in(per_s: float, pauses: list[float]) -> None:
    limits, now_s = Limits(per_s), 0.0
    for pause in pauses:
        verdict = limits.take("ada", now_s)
        if not verdict.allowed:
            assert limits.take("ada", now_s + verdict.wait_s).allowed
            now_s += verdict.wait_s
        now_s += pause


def test_memory_is_bounded_and_the_longest_absent_is_forgotten() -> None:
    limits = Limits(per_s=1, burst_s=1, callers_max=2)
    for caller in ("ada", "bob", "ada", "eve"):
        limits.take(caller, 0)
    assert not limits.take("ada", 0).allowed
    assert limits.take("bob", 0).allowed


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "address"),
    [
        ("203.0.113.5", [], 0, "203.0.113.5"),
        ("203.0.113.5", ["198.51.100.1"], 0, "203.0.113.5"),
        ("10.0.0.1", ["198.51.100.1"], 1, "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1 , 10.0.0.2"], 2, "198.51.100.1"),
        ("10.0.0.1", [], 1, "10.0.0.1"),
        ("10.0.0.1", ["nonsense"], 1, "10.0.0.1"),
        ("", [], 0, "unknown"),
        ("2001:db8:1:2:aaaa::1", [], 0, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.5", [], 0, "203.0.113.5"),
        ("::1", [], 0, "::1"),
        ("fe80::1%eth0", [], 0, "fe80::/64"),
        ("10.0.0.1", ["2001:db8::1%25a"], 1, "2001:db8::/64"),
    ],
)
def test_address_is_the_one_that_a_caller_cannot_write(
    peer: str, forwarded: list[str], proxies: int, address: str
) -> None:
    assert address_of(peer, forwarded, proxies) == address
