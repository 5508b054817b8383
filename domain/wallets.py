"""Wallets: numeric ids of wallets on the hot path; addresses are only stored."""

from domain.instruments import instrument_id

UNKNOWN = 0
"""Wallet of a trade without an owner."""


def wallet_id(address: str) -> int:
    """Number of the wallet in [0, 2**63), independent of the letter case of its address.

    Examples
    --------
    >>> wallet_id("0xAb") == wallet_id("0xab")
    True
    """
    return instrument_id(address.lower())
