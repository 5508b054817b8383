"""Wallets: the numbers under which owners of trades travel on the hot path; addresses go to the store alone."""

from domain.instruments import instrument_id

UNKNOWN = 0
"""The wallet of a trade that does not say whose it is."""


def wallet_id(address: str) -> int:
    """The wallet's number in [0, 2**63): the same whichever letters of its address are capitals.

    Examples
    --------
    >>> wallet_id("0xAb") == wallet_id("0xab")
    True
    """
    return instrument_id(address.lower())
