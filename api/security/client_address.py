"""Client address: the address by which an unauthenticated client is rate-limited and logged."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

_IPV6_PREFIX_BITS: Final = 64  # the least that a provider assigns to one customer


def client_address(peer: str, forwarded: list[str], proxies: int) -> str:
    """The address of the client in front of the trusted proxies.

    Parameters
    ----------
    peer
        Address at the other end of the connection.
    forwarded
        Every `X-Forwarded-For` header, in order.
    proxies
        How many trusted proxies append to it. Entries further left were written by the client and are ignored.

    Returns
    -------
    str
        An IPv4 address, an IPv6 /64 network, or `unknown`.

    Examples
    --------
    >>> client_address("10.0.0.9", ["6.6.6.6, 203.0.113.5"], proxies=1)
    '203.0.113.5'
    >>> client_address("203.0.113.5", ["6.6.6.6"], proxies=0)
    '203.0.113.5'
    >>> client_address("2001:db8:1:2:3::4", [], proxies=0)
    '2001:db8:1:2::/64'
    """
    hops = [hop.strip() for hop in ",".join(forwarded).split(",") if hop.strip()] if proxies else []
    text = hops[-min(proxies, len(hops))] if hops else peer
    try:
        address = ip_address(text)
    except ValueError:
        return peer or "unknown"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)  # a dual-stack socket reports IPv4 peers as ::ffff:a.b.c.d
    if isinstance(address, IPv6Address) and not address.is_loopback:
        return str(ip_network((address, _IPV6_PREFIX_BITS), strict=False))
    return str(address)
