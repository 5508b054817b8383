"""The people of the simulated prediction markets: who they are, and what they are called.

Their addresses are hashes of what they are, and begin with `sim:`, so that nobody takes them for real.
"""

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from domain.wallets import wallet_id

POPULATION = {"retail": 300, "maker": 5, "informed": 10, "whale": 12}
"""Makers trade on both sides; the informed know more than the price and trade little at a time; whales trade
large, and the first `SHARP` of them know more as well."""
SHARP = 8


@lru_cache(maxsize=4)
def addresses(seed: int) -> tuple[str, ...]:
    """The addresses of all, in the order of `POPULATION`."""
    return tuple(
        "sim:0x" + blake2b(f"simulated|{seed}|{kind}|{number}".encode(), digest_size=20).hexdigest()
        for kind, count in POPULATION.items()
        for number in range(count)
    )


@lru_cache(maxsize=4)
def wallets(seed: int) -> dict[str, NDArray[np.int64]]:
    """The numbers of the wallets of each kind."""
    numbers = np.array([wallet_id(address) for address in addresses(seed)], np.int64)
    return dict(zip(POPULATION, np.split(numbers, np.cumsum(list(POPULATION.values()))[:-1]), strict=True))
