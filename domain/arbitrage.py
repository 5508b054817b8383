"""Arbitrage: from when on an opportunity is worth telling, and how much of a book one may count on."""

import math

import msgspec

from domain.errors import SettingError


class ArbitrageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[arbitrage]`, or SIGNALENGINE_ARBITRAGE_<NAME>.

    Attributes
    ----------
    edge_min
        Dollars that the last set taken must still bring after fees. More stops earlier in the books.
    profit_min
        Dollars that all sets together must bring, after rounded fees and gas.
    depth_share
        Share of each visible level that is counted on, (0, 1]. Others are after the same orders.
    capital_max
        The most dollars that one opportunity may bind.
    gas
        Dollars a basket for splitting, merging, converting or redeeming on chain.
    material
        Relative change of size or profit that is told as an update; smaller ones are not.
    stale_s
        A book that was not heard of for longer is not traded on.
    ghost_s
        How long a level may stand after a trade printed through it.
    ttl_s
        Life of a plan from its last update.
    latency_ms
        From the decision to the venue; a plan is judged by the books as they are then.
    skew_max_s
        Largest difference in age between the books of a plan that costs no grade.
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
        """These settings, if they make sense.

        Raises
        ------
        SettingError
            If one is out of range; the message names it and the way out.
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
