"""Limits: how often each caller may come, in bounded memory.

Who has not come for longest is forgotten first, and begins with a full allowance if they come back. Each worker
process counts for itself: it costs no round trip, and a caller whose requests are spread over n of them may come n
times as often.
"""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Final, NamedTuple

from api.feed.token_bucket import BURST_S, TokenBucket

CALLERS_MAX: Final = 10_000
"""Callers that are remembered, 0.3 kB each."""
_NETWORK_BITS: Final = 64  # of IPv6, what one customer is given at least


class Verdict(NamedTuple):
    """Whether one more is allowed.

    Attributes
    ----------
    left
        How many more at once.
    wait_s
        When there is one again, in whole seconds; 0 if there is one now.
    """

    allowed: bool
    left: int
    wait_s: int


class Limits:
    """An allowance for each caller.

    Parameters
    ----------
    per_s
        How often each may come, in the long run.
    burst_s
        How many seconds' worth may come at once.

    Examples
    --------
    >>> limits = Limits(per_s=1)
    >>> [limits.take("ada", at_s).left for at_s in (0, 0, 1)]
    [1, 0, 0]
    >>> limits.take("ada", 1)
    Verdict(allowed=False, left=0, wait_s=1)
    """

    def __init__(self, per_s: float, burst_s: float = BURST_S, callers_max: int = CALLERS_MAX) -> None:
        self._per_s = per_s
        self._burst_s = burst_s
        self._callers_max = callers_max
        self._allowances: OrderedDict[str, TokenBucket] = OrderedDict()

    @property
    def policy(self) -> str:
        """The header RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-11)."""
        return f'"default";q={max(1, int(self._per_s * self._burst_s))};w={max(1, round(self._burst_s))}'

    def take(self, caller: str, now_s: float) -> Verdict:
        """Count one more of `caller`."""
        allowance = self._allowances.get(caller)
        if allowance is None:
            if len(self._allowances) >= self._callers_max:
                self._allowances.popitem(last=False)
            allowance = self._allowances[caller] = TokenBucket(self._per_s, now_s, self._burst_s)
        else:
            self._allowances.move_to_end(caller)
        allowed = allowance.take(now_s)
        left = allowance.left
        return Verdict(allowed, int(left), 0 if left >= 1 else ceil((1 - left) / self._per_s))


def address_of(peer: str, forwarded: list[str], proxies: int) -> str:
    """The address that stands for a caller who shows nothing.

    Parameters
    ----------
    peer
        Who opened the connection.
    forwarded
        Every `X-Forwarded-For`, in order.
    proxies
        How many proxies in front add to it. What stands further left than that was written by the caller.

    Examples
    --------
    >>> address_of("10.0.0.9", ["6.6.6.6, 203.0.113.5"], proxies=1)
    '203.0.113.5'
    >>> address_of("203.0.113.5", ["6.6.6.6"], proxies=0)
    '203.0.113.5'
    >>> address_of("2001:db8:1:2:3::4", [], proxies=0)
    '2001:db8:1:2::/64'
    """
    hops = [hop.strip() for hop in ",".join(forwarded).split(",") if hop.strip()] if proxies else []
    text = hops[-min(proxies, len(hops))] if hops else peer
    try:
        address = ip_address(text)
    except ValueError:
        return peer or "unknown"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)  # how a socket for both tells of IPv4
    if isinstance(address, IPv6Address) and not address.is_loopback:
        return str(ip_network((address, _NETWORK_BITS), strict=False))
    return str(address)
