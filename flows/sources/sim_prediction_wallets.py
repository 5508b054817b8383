"""The traders of the simulated prediction markets: their kinds and their wallet addresses.

An address is a hash of the trader's kind and number, and starts with `sim:`, so that it cannot be mistaken for a
real one.
"""

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from domain.wallets import wallet_id

POPULATION = {"retail": 300, "maker": 5, "informed": 10, "whale": 12}
"""Number of traders of each kind. Makers trade on both sides; informed traders know more than the price and trade
small sizes; whales trade large sizes, and the first `SHARP` of them are informed as well."""
SHARP = 8


@lru_cache(maxsize=4)
def addresses(seed: int) -> tuple[str, ...]:
    """All addresses, in the order of `POPULATION`."""
    return tuple(
        "sim:0x" + blake2b(f"simulated|{seed}|{kind}|{number}".encode(), digest_size=20).hexdigest()
        for kind, count in POPULATION.items()
        for number in range(count)
    )


@lru_cache(maxsize=4)
def wallets(seed: int) -> dict[str, NDArray[np.int64]]:
    """The wallet numbers of each kind."""
    numbers = np.array([wallet_id(address) for address in addresses(seed)], np.int64)
    return dict(zip(POPULATION, np.split(numbers, np.cumsum(list(POPULATION.values()))[:-1]), strict=True))
