"""Settings of whale detection: minimum sizes, and requirements of a consensus."""

import math

import msgspec

from domain.errors import SettingError


class WhaleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[whales]`, or SIGNALENGINE_WHALES_<NAME>.

    The size of an episode is the lesser of its cost and its maximum gain, in dollars, so that buying a nearly certain
    outcome does not count as large.

    Attributes
    ----------
    floor
        Minimum size of a whale where the size distribution is known.
    headline
        Minimum size where it is not yet known: fewer than `baseline` episodes, or less than `span_h`.
    quantile
        Quantile of the market's own recent episodes that a whale must exceed, (0, 1).
    baseline
        Minimum number of episodes for a rank, and the weight of all markets as a prior for a single one.
    span_h
        Minimum time span of these episodes in hours; a market observed for less is weighted in proportion.
    half_life_h
        Half-life of episodes and of the arrival rate of large wallets, in hours.
    gap_s
        Maximum gap between fills of one wallet, token and side that form one episode.
    price_max
        Maximum price of a reported episode; above it the outcome is nearly settled.
    escalation
        Growth factor after which an episode, or a consensus, is reported again.
    cooldown_min
        Minutes after a whale in which the same wallet is reported again in the same market on escalation only.
    lateness_s
        Allowed lateness of a trade behind the newest row of its shard.
    volume_h
        Mean age, in hours, of the trailing volume to which an episode is compared.
    quiet_d
        Days without a trade after which the state of a market is reset.
    consensus_wallets
        Number of distinct wallets of a consensus; half of them, at least 2, on the smaller side of a disagreement.
    consensus_h
        Window of their arrivals in hours.
    consensus_posterior
        Minimum posterior probability that more than half of such wallets take this side.
    consensus_chance
        Maximum probability of as many wallets under the market's own arrival rate.
    rate_per_h
        Prior arrival rate of large wallets per hour. 0.11 were recorded in 1,160 markets over three hours.
    record_floor
        Minimum dollars of an episode that counts for the track record of its wallet.
    positions_max
        Maximum number of positions in unresolved markets, over all wallets.
    wallets_max
        Maximum number of wallets with a track record.
    """

    floor: float = 2_500.0
    headline: float = 10_000.0
    quantile: float = 0.99
    baseline: float = 50.0
    span_h: float = 24.0
    half_life_h: float = 168.0
    gap_s: float = 60.0
    price_max: float = 0.95
    escalation: float = 2.0
    cooldown_min: float = 30.0
    lateness_s: float = 60.0
    volume_h: float = 24.0
    quiet_d: float = 14.0
    consensus_wallets: int = 4
    consensus_h: float = 1.0
    consensus_posterior: float = 0.95
    consensus_chance: float = 1e-3
    rate_per_h: float = 0.1
    record_floor: float = 500.0
    positions_max: int = 50_000
    wallets_max: int = 50_000

    def checked(self) -> "WhaleSettings":
        """Validate the settings and return them.

        Raises
        ------
        SettingError
            If one is out of range; the message names it and the valid range.
        """
        for name in ("quantile", "price_max", "consensus_posterior", "consensus_chance"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise SettingError(f"{name} {getattr(self, name):g} must lie between 0 and 1")
        for name in ("floor", "baseline", "span_h", "half_life_h", "volume_h", "consensus_h", "rate_per_h"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise SettingError(f"{name} {getattr(self, name):g} must be a number above 0")
        for name in ("gap_s", "cooldown_min", "lateness_s", "record_floor"):
            if not 0.0 <= getattr(self, name) < math.inf:
                raise SettingError(f"{name} {getattr(self, name):g} must be a number of at least 0")
        for name, least in (("consensus_wallets", 2), ("positions_max", 1), ("wallets_max", 1)):
            if getattr(self, name) < least:
                raise SettingError(f"{name} {getattr(self, name)} must be at least {least}")
        if not self.floor <= self.headline < math.inf:
            raise SettingError(f"headline {self.headline:g} must not be under floor {self.floor:g}")
        if not 1.0 < self.escalation < math.inf:
            raise SettingError(f"escalation {self.escalation:g} must be above 1")
        if not 1.0 <= self.quiet_d < math.inf or self.gap_s >= 43_200 or self.lateness_s >= 43_200:
            raise SettingError(
                f"quiet_d {self.quiet_d:g} must be at least a day, and gap_s {self.gap_s:g} and lateness_s "
                f"{self.lateness_s:g} less than half a day"
            )
        return self
