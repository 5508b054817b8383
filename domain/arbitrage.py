"""Arbitrage settings: minimum profit of an opportunity, and usable depth and age of order books."""

import math

import msgspec

from domain.errors import SettingError


class ArbitrageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[arbitrage]`, or SIGNALENGINE_ARBITRAGE_<NAME>.

    Attributes
    ----------
    edge_min
        Minimum marginal edge per set in dollars, after fees. A larger value walks less deep into the books.
    profit_min
        Minimum total profit in dollars, after rounded fees and gas.
    depth_share
        Fraction of each visible level assumed to be available, (0, 1]. Others compete for the same orders.
    capital_max
        Maximum capital of one opportunity, dollars.
    gas
        Dollars per basket for splitting, merging, converting or redeeming on chain.
    material
        Relative change of size or profit that is published as an update; smaller changes are not.
    stale_s
        Maximum age of a usable order book since its last update.
    ghost_s
        How long a level may persist after a trade was executed beyond it.
    ttl_s
        Validity of a plan from its last update.
    latency_ms
        Latency from the decision to the venue; a plan is settled against the books at that time.
    skew_max_s
        Maximum difference in age between the books of a plan that does not lower its grade.
    """

    edge_min: float = 0.001
    profit_min: float = 0.10
    depth_share: float = 0.5
    capital_max: float = 10_000.0
    gas: float = 0.02
    material: float = 0.1
    stale_s: float = 300.0
    ghost_s: float = 2.0
    ttl_s: float = 3.0
    latency_ms: float = 250.0
    skew_max_s: float = 30.0

    def checked(self) -> "ArbitrageSettings":
        """Validate the settings and return them.

        Raises
        ------
        SettingError
            If one is out of range; the message names it and the valid range.
        """
        if not 0.0 < self.depth_share <= 1.0:
            raise SettingError(f"depth_share {self.depth_share:g} must be above 0 and at most 1")
        for name in ("capital_max", "stale_s", "ghost_s", "ttl_s"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise SettingError(f"{name} {getattr(self, name):g} must be a number above 0")
        for name in ("edge_min", "profit_min", "gas", "material", "latency_ms", "skew_max_s"):
            if not 0.0 <= getattr(self, name) < math.inf:
                raise SettingError(f"{name} {getattr(self, name):g} must be a number of at least 0")
        return self
