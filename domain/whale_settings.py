"""Settings of whales: from which size on a trade is worth a word, and how many make a consensus."""

import math

import msgspec

from domain.errors import SettingError


class WhaleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[whales]`, or SIGNALENGINE_WHALES_<NAME>.

    What is measured against the floors and ranked is the lesser of what an episode costs and what it
    can gain, in dollars, so that buying what is nearly certain does not count as large.

    Attributes
    ----------
    floor
        The least that is large, where it is known what is usual.
    headline
        The least where that is not yet known: fewer than `baseline` episodes, or less than `span_h`.
    quantile
        Share of the market's own recent episodes that a whale must exceed, (0, 1).
    baseline
        Episodes that a rank must stand on, and that all markets together count for in the rank within one.
    span_h
        Hours that they must span; a market that was watched for less counts in proportion.
    half_life_h
        In which episodes, and the rate of large wallets, count for half.
    gap_s
        Fills of one wallet, token and side that lie no further apart are one episode.
    price_max
        Whoever pays as much collects what is nearly settled; such episodes are not told.
    escalation
        An episode, or a consensus, is told again when it is so many times as large as when last told.
    cooldown_min
        Minutes after a whale in which the same wallet in the same market is told again on escalation only.
    lateness_s
        How far behind the newest row of its shard a trade may come.
    volume_h
        Mean age, in hours, of the trailing volume of which an episode is a share.
    quiet_d
        Days without a trade after which a market begins anew.
    consensus_wallets
        Distinct wallets that make a consensus; half of them, at least 2, against each other a disagreement.
    consensus_h
        Hours within which they must come.
    consensus_posterior
        Least probability that more than half of such wallets take this side.
    consensus_chance
        As many wallets must be less probable than this by the market's own rate.
    rate_per_h
        Large wallets an hour that a market is taken to have until its own are known. 0.11 were recorded in
        1,160 markets over three hours.
    record_floor
        Dollars from which on an episode counts for the record of its wallet.
    positions_max
        Positions of all wallets that are kept until their markets are resolved.
    wallets_max
        Wallets whose record is kept.
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
        """These settings, if they make sense.

        Raises
        ------
        SettingError
            If one is out of range; the message names it and the way out.
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
