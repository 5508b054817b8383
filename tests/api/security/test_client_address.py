import pytest

from api.security.client_address import client_address


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
def test_address_is_one_that_a_client_cannot_forge(peer: str, forwarded: list[str], proxies: int, address: str) -> None:
    assert client_address(peer, forwarded, proxies) == address
